"""Finds the passwords of a hash job, stage after stage, and prints the answer.

Usage: script.py [START_KEY]. The start key opens the first stage if that is encrypted.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tempfile

from cryptography.fernet import Fernet

PAYLOAD = "/volume/payload.txt"


def sha256_base64(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())


def find_passwords(mode, mask, text):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as hashes:
        hashes.write(text)
        hashes.flush()
        hashcat = subprocess.run(
            [
                "hashcat",
                "--attack-mode=3",
                f"--hash-type={mode}",
                "--hex-salt",
                "--custom-charset1=?l?d?u",
                "--outfile-format=2",
                "--potfile-disable",
                "--restore-disable",
                "--quiet",
                hashes.name,
                mask,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    if hashcat.returncode != 0:
        sys.exit(f"hashcat ended with {hashcat.returncode}: {hashcat.stderr}")
    return sorted(hashcat.stdout.split())


def main():
    with open(PAYLOAD) as file:
        stages = json.load(file)["stages"]
    key = sha256_base64(sys.argv[1]) if len(sys.argv) > 1 else None
    found = ""
    for stage in stages:
        text = stage["text"]
        if key is not None:
            text = Fernet(key).decrypt(text.encode()).decode()
        passwords = find_passwords(stage["hashcat_mode"], stage["mask"], text)
        found += "".join(passwords)
        key = sha256_base64("\n".join(passwords))
    print(sha256_base64(found).decode())


if __name__ == "__main__":
    main()
