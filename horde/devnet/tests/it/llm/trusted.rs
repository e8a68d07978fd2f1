//! The trusted miner: a miner in local mode.

use horde_devnet::{Config, Devnet, StartError, TrustedConfig, ViolationKind, trusted_keypair};
use horde_proto::ExecutorClass;
use horde_proto::miner::{ExecutorClassManifest, GenericError, ManifestClass, ToValidator};
use tig_keyring::Keypair;

use crate::client::{Client, Got, start, stdout_of, uuid, validator};

use super::site::{LlmSite, run};

fn config(validator: Option<&Keypair>) -> Config {
    Config {
        seed: 7,
        trusted: Some(TrustedConfig {
            validator: validator.map(|keypair| keypair.public().to_ss58()),
            ..TrustedConfig::default()
        }),
        ..Config::default()
    }
}

#[tokio::test]
async fn trusted_miner_neither_checks_nor_keeps_receipts() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = site.trusted_client().await;
    let (ended, _) = site.solve(&mut client, "What is 2+2?").await;
    assert_eq!(ended.tag(), "V0JobFinishedRequest");
    // Neither the accepted receipt of an unknown job nor the finished one ends the connection.
    let unknown = uuid();
    client.confirm(&unknown).await;
    client.acknowledge(&unknown).await;
    let request = site.generation(&uuid(), &[uuid()], 3);
    assert_eq!(
        run(&mut client, request).await.tag(),
        "V0JobFinishedRequest"
    );
    let trusted = site.devnet.trusted().unwrap();
    let report = trusted.report();
    assert_eq!(report.violations, []);
    assert_eq!(report.receipts, []);
    assert_eq!(report.index, 1);
    // The ordinary miner has seen nothing of it.
    assert_eq!(site.devnet.report(0).unwrap().connection_count, 0);
}

#[tokio::test]
async fn trusted_miner_admits_its_validator_only() {
    let devnet = start(config(Some(&validator()))).await;
    let address = devnet.trusted().unwrap().address().clone();
    assert_eq!(address.hotkey, trusted_keypair(7).public().to_ss58());
    let mut client = Client::open_to(&address).await;
    client.authenticate().await;
    let ToValidator::ExecutorManifest(manifest) = client.message().await else {
        panic!("no manifest");
    };
    let expected = ExecutorClassManifest {
        executor_class: ManifestClass::Named(ExecutorClass::AlwaysOnLlmA6000),
        count: 2,
    };
    assert_eq!(manifest.manifest.executor_classes, [expected]);

    let stranger = Keypair::from_seed(&[1; 32]);
    let devnet = start(config(Some(&stranger))).await;
    let mut client = Client::open_to(devnet.trusted().unwrap().address()).await;
    let expected = GenericError::unknown_validator(&validator().public().to_ss58());
    assert_eq!(client.message().await, expected.into());
    assert_eq!(client.next().await, Got::Closed(Some(1000)));
}

#[tokio::test]
async fn trusted_miner_verifies_signatures() {
    let devnet = start(config(None)).await;
    let mut client = Client::open_to(devnet.trusted().unwrap().address()).await;
    client.keypair = Keypair::from_seed(&[1; 32]);
    client.authenticate().await;
    assert_eq!(client.message().await.tag(), "GenericError");
    let violations = devnet.trusted().unwrap().report().violations;
    assert_eq!(violations[0].kind, ViolationKind::AuthenticationRefused);
}

#[tokio::test]
async fn trusted_miner_runs_programs_of_users() {
    let site = LlmSite::start(&[], &[]).await;
    let mut client = site.trusted_client().await;
    let job = uuid();
    let mut request = super::site::llm_job(&job, "backenddevelopersltd/any:v1");
    request.docker_run_cmd = ["echo", "hello"].map(str::to_owned).into();
    assert_eq!(stdout_of(run(&mut client, request).await, &job), "hello\n");
}

#[tokio::test]
async fn faulty_validator_of_a_trusted_miner_is_rejected() {
    let mut config = config(None);
    config.trusted.as_mut().unwrap().validator = Some("5Nobody".to_owned());
    let error = Devnet::start(config).await.err().unwrap();
    assert!(matches!(error, StartError::Validator { .. }), "{error}");
    assert!(error.to_string().contains("\"5Nobody\""), "{error}");
}
