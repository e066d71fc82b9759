//! [`MemoryRemote`] keeps the contract in each of its kinds: with either case rule, with and without times and hashes.

use std::{sync::Arc, time::Duration};

use remote_core::{
    capabilities::CaseRule,
    error::ErrorKind,
    memory::{MemoryRemote, MemoryRemoteBuilder},
    remote::Remote,
    testkit::{
        Fault, FaultyRemote, RecordingRemote,
        conformance::{self, Failures, Settings},
    },
};

async fn passes(builder: MemoryRemoteBuilder) -> Result<(), Failures> {
    let unreachable = FaultyRemote::new(Arc::new(MemoryRemote::new()));
    unreachable.order(Fault::before(ErrorKind::Transport));
    let settings = Settings::default()
        .with_unreachable(Arc::new(unreachable))
        .with_may_empty_trash(true);
    let new_remote = || async { Ok(Arc::new(builder.clone().build()) as Arc<dyn Remote>) };
    let passed = conformance::run(new_remote, &settings).await?;
    assert_eq!(passed.len(), conformance::checks().len());
    Ok(())
}

#[tokio::test]
async fn a_remote_that_tells_upper_from_lower_case_conforms() -> Result<(), Failures> {
    passes(MemoryRemote::builder().case(CaseRule::Sensitive)).await
}

#[tokio::test]
async fn a_remote_that_does_not_tell_upper_from_lower_case_conforms() -> Result<(), Failures> {
    passes(MemoryRemote::builder().case(CaseRule::Insensitive)).await
}

#[tokio::test]
async fn a_remote_without_times_and_hashes_conforms() -> Result<(), Failures> {
    passes(MemoryRemote::builder().time_precision(None).hashes(false)).await
}

#[tokio::test]
async fn a_remote_with_coarse_times_conforms() -> Result<(), Failures> {
    passes(MemoryRemote::builder().time_precision(Some(Duration::from_secs(1)))).await
}

#[tokio::test]
async fn wrappers_without_faults_conform() -> Result<(), Failures> {
    let new_remote = || async {
        let faulty = FaultyRemote::new(Arc::new(MemoryRemote::new()));
        Ok(Arc::new(RecordingRemote::new(Arc::new(faulty))) as Arc<dyn Remote>)
    };
    conformance::run(new_remote, &Settings::default()).await?;
    Ok(())
}

#[test]
fn checks_have_names_of_their_own() {
    let mut names: Vec<_> = conformance::checks()
        .iter()
        .map(|check| check.name())
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
