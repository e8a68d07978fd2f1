//! A shell script that sets up a trusted miner: what the protocol asks of its machine (sections 2.2, 3.8 and 10.13). Pure.

use horde_calc::llm::SOLVER_IMAGE;

use super::job::{CLASS, ECHO_IMAGE, generator_image};

/// What the script depends on.
pub(crate) struct Script<'a> {
    /// SS58 address of the validator.
    pub(crate) validator: &'a str,
    /// Model that makes prompts.
    pub(crate) model: &'a str,
    /// Port of the miner.
    pub(crate) port: u16,
}

impl Script<'_> {
    /// Its text.
    pub(crate) fn text(&self) -> String {
        let Self {
            validator, port, ..
        } = self;
        let generator = quoted(&generator_image(self.model));
        format!(
            r#"#!/bin/sh
# Sets up a trusted miner: a machine with a graphics card of class {CLASS} (48 GB) that makes prompts, and answers them
# first, for the validator {validator}.
# Written for Debian and Ubuntu. Read it, then run it on that machine: sh trusted-miner.sh
set -eu

# 1. The driver of the graphics card must be there; this shows the card.
nvidia-smi

# 2. Docker, if it is not there.
if ! command -v docker; then
    sudo apt-get update
    sudo apt-get install -y docker.io
fi

# 3. The runtime `nvidia` for Docker, by NVIDIA's packages: jobs run with `--runtime=nvidia --gpus all`.
if ! command -v nvidia-ctk; then
    sudo apt-get install -y curl gnupg
    curl -fsSL https://nvidia.github.io/libnvidia-container/gpgkey |
        sudo gpg --dearmor -o /usr/share/keyrings/nvidia-container-toolkit-keyring.gpg
    curl -fsSL https://nvidia.github.io/libnvidia-container/stable/deb/nvidia-container-toolkit.list |
        sed 's#deb https://#deb [signed-by=/usr/share/keyrings/nvidia-container-toolkit-keyring.gpg] https://#g' |
        sudo tee /etc/apt/sources.list.d/nvidia-container-toolkit.list
    sudo apt-get update
    sudo apt-get install -y nvidia-container-toolkit
fi
sudo nvidia-ctk runtime configure --runtime=docker
sudo systemctl restart docker
sudo docker run --rm --runtime=nvidia --gpus all ubuntu nvidia-smi

# 4. The images of its jobs, so that the first job does not wait for them: prompts, answers, and the job of the check.
sudo docker pull {generator}
sudo docker pull {SOLVER_IMAGE}
sudo docker pull {ECHO_IMAGE}

# 5. The variables of the miner: local mode, in which it is on no chain and admits this validator only.
umask 077
cat > trusted-miner.env <<'END'
IS_LOCAL_MINER=1
LOCAL_VALIDATOR_PUBLIC_KEY={validator}
DEFAULT_EXECUTOR_CLASS={CLASS}
END

# 6. By hand: start the miner of ComputeHorde with the variables of trusted-miner.env in its own .env, listening on port {port}.
#    Let this machine's firewall admit the validator's machine to that port, and nobody else: the protocol has no TLS.
# 7. By hand, on the validator's machine: set TRUSTED_MINER_ADDRESS and TRUSTED_MINER_PORT={port} in .env, leave
#    TRUSTED_MINER_KEY empty, and run `compute-horde trusted-miner check`.
echo "the machine is ready; trusted-miner.env has the variables: go on with steps 6 and 7 of this script"
"#
        )
    }
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_names_the_validator_and_its_port() {
        let script = Script {
            validator: "5CcyqxXn",
            model: "phi3",
            port: 8_123,
        };
        let text = script.text();
        for part in [
            "LOCAL_VALIDATOR_PUBLIC_KEY=5CcyqxXn\n",
            "IS_LOCAL_MINER=1\n",
            "DEFAULT_EXECUTOR_CLASS=always_on.llm.a6000\n",
            "TRUSTED_MINER_PORT=8123",
            "prompt-gen-phi3:v0-latest",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn odd_model_stays_one_word() {
        assert_eq!(quoted("a/b-1:2"), "a/b-1:2");
        assert_eq!(quoted("x; rm 'y'"), r"'x; rm '\''y'\'''");
    }
}
