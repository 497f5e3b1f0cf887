//! A run into members, by the real binary: killed, and taken up again; and what its transcript
//! and progress hear of it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use org_exit_guard::aws::{Session, SessionOptions, Transcript};
use org_exit_guard::model::AccountId;
use org_exit_guard::sim::{Simulator, WorldBuilder};

use crate::served::{Run, Served};
use crate::support::{now, options};

const ROLE: &str = "OrganizationAccountAccessRole";
const MEMBERS: usize = 12;

fn finished(place: &Path) -> usize {
    let Ok(organizations) = std::fs::read_dir(place.join("state")) else {
        return 0;
    };
    let members = organizations
        .flatten()
        .filter_map(|one| std::fs::read_dir(one.path().join("members")).ok());
    let files = members.flat_map(Iterator::flatten);
    files
        .filter(|file| file.path().extension().is_some_and(|end| end == "json"))
        .count()
}

fn entered(served: &Served) -> usize {
    let log = served.simulator.log();
    let calls = log.iter().filter(|call| call.operation == "sts:AssumeRole");
    calls.count()
}

#[test]
fn a_killed_run_into_members_is_taken_up_again_and_enters_nobody_twice() {
    let world = (0..MEMBERS).fold(WorldBuilder::new(now()), |world, number| {
        world.account(&format!("account {number}"), "/")
    });
    let served = Served::new(world.build());
    let arguments = [
        "detect",
        "--member-role",
        ROLE,
        "--state-dir",
        "state",
        "--format",
        "json",
    ];
    let mut command = served.command();
    command
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it runs");
    for _ in 0..6_000 {
        if finished(served.place()) >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("it still runs");
    child.wait().expect("it ends");
    let (done, before) = (finished(served.place()), entered(&served));
    assert!((3..MEMBERS).contains(&done), "{done}");
    let run: Run = served.run(&arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(entered(&served) - before, MEMBERS - done);
    assert_eq!(
        finished(served.place()),
        0,
        "a run that ended leaves nothing to take up"
    );
}

#[tokio::test(start_paused = true)]
async fn entering_a_member_stands_in_the_transcript_without_the_session() {
    let world = WorldBuilder::new(now()).account("shop", "/").build();
    let shop: AccountId = {
        let found = world.account_named("shop").expect("it exists");
        found.id.parse().expect("an id")
    };
    let simulator = Simulator::new(world);
    let management = simulator.world().management;
    let transcript = std::sync::Arc::new(Transcript::default());
    let session = Session::open(SessionOptions {
        transcript: Some(transcript.clone()),
        ..options(&simulator, &management)
    })
    .await
    .expect("the simulator lets the management account in");
    session.inside(&shop, ROLE, None).await.expect("it trusts");
    let text = transcript.lines();
    assert!(text.contains("sts:AssumeRole"), "{text}");
    assert!(
        text.contains("AssumedRoleUser"),
        "the answer is kept: {text}"
    );
    assert!(text.contains("<Credentials>[cut]</Credentials>"), "{text}");
    for name in ["SecretAccessKey", "SessionToken"] {
        assert!(!text.contains(name), "{text}");
    }
}
