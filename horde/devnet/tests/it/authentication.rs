//! Refusals of validators, with the texts of the reference.

use horde_devnet::{Devnet, ViolationKind};
use horde_proto::Payload;
use horde_proto::miner::{AuthenticateRequest, AuthenticationPayload, ToMiner, ToValidator};
use tig_keyring::Keypair;

use crate::client::{Client, Got, one, try_connect, validator};

/// What the miner says before it closes with this code.
async fn refusal(client: &mut Client) -> String {
    let message = client.message().await;
    let ToValidator::GenericError(error) = message else {
        panic!("{message:?} in place of a refusal");
    };
    assert!(error.is_refusal(), "{error:?}");
    assert_eq!(client.next().await, Got::Closed(Some(1000)));
    error.details.unwrap()
}

/// Authenticates with a changed payload, signed by `keypair`; returns the reason of the refusal.
async fn refused_because(
    devnet: &Devnet,
    keypair: &Keypair,
    change: impl FnOnce(&mut AuthenticationPayload),
) -> String {
    let mut client = Client::open(devnet).await;
    let mut payload = client.authentication();
    change(&mut payload);
    let request = AuthenticateRequest::new(payload, keypair, &[0; 32]);
    client.send(ToMiner::Authenticate(request)).await;
    let details = refusal(&mut client).await;
    let hotkey = validator().public().to_ss58();
    let prefix = format!("Validator {hotkey} not authenticated due to: ");
    details.strip_prefix(&prefix).unwrap().to_owned()
}

#[tokio::test]
async fn each_refusal_has_the_text_of_the_reference() {
    let devnet = one(&[]).await;
    let miner = devnet.miners()[0].hotkey.clone();
    let hotkey = validator().public().to_ss58();
    let own = validator();
    let other = Keypair::from_seed(&[0xff; 32]);
    let other_hotkey = other.public().to_ss58();

    let reason = refused_because(&devnet, &own, |payload| payload.timestamp -= 60);
    assert_eq!(reason.await, "msg too old");

    let reason = refused_because(&devnet, &own, |payload| {
        payload.miner_hotkey.clone_from(&other_hotkey);
    });
    let expected = format!("wrong miner hotkey ({other_hotkey}!={miner})");
    assert_eq!(reason.await, expected);

    let reason = refused_because(&devnet, &other, |payload| {
        payload.validator_hotkey.clone_from(&other_hotkey);
    });
    let expected = format!("wrong validator hotkey ({other_hotkey}!={hotkey})");
    assert_eq!(reason.await, expected);

    let reason = refused_because(&devnet, &other, |_| {});
    assert_eq!(reason.await, "Signature mismatches");

    // The age is looked at first, the signature last.
    let reason = refused_because(&devnet, &other, |payload| {
        payload.timestamp = 0;
        payload.miner_hotkey.clear();
    });
    assert_eq!(reason.await, "msg too old");

    let report = devnet.report(0).unwrap();
    let mut violations = report.violations.iter();
    assert!(violations.all(|violation| violation.kind == ViolationKind::AuthenticationRefused));
    assert_eq!(report.violation_count, 5);
}

#[tokio::test]
async fn authentication_of_the_future_is_admitted() {
    let devnet = one(&[]).await;
    let mut client = Client::open(&devnet).await;
    let mut payload = client.authentication();
    payload.timestamp += 86_400;
    let request = AuthenticateRequest::new(payload, &validator(), &[0; 32]);
    client.send(ToMiner::Authenticate(request)).await;
    assert_eq!(client.tags().await, ["V0ExecutorManifestRequest"]);
}

#[tokio::test]
async fn malformed_signature_closes_with_1011() {
    let devnet = one(&[]).await;
    let mut client = Client::open(&devnet).await;
    let payload = client.authentication();
    let signature = payload.sign(&validator(), &[0; 32]).replace("0x", "0xzz");
    let request = AuthenticateRequest { payload, signature };
    client.send(ToMiner::Authenticate(request)).await;
    assert_eq!(client.next().await, Got::Closed(Some(1011)));
}

#[tokio::test]
async fn unknown_and_inactive_validators_are_refused() {
    let hotkey = validator().public().to_ss58();
    for (vice, expected) in [
        ("unknown-validator", format!("Unknown validator: {hotkey}")),
        (
            "inactive-validator",
            format!("Inactive validator: {hotkey}"),
        ),
    ] {
        let devnet = one(&[vice]).await;
        let mut client = Client::open(&devnet).await;
        assert_eq!(refusal(&mut client).await, expected);
    }
}

#[tokio::test]
async fn path_without_an_address_is_an_unknown_validator() {
    let devnet = one(&[]).await;
    let path = "/v0.1/validator_interface/nobody";
    let miner = &devnet.miners()[0];
    let socket = try_connect(miner.address, path).await.unwrap();
    let mut client = Client::with_socket(miner, socket);
    assert_eq!(refusal(&mut client).await, "Unknown validator: nobody");
}
