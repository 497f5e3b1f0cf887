//! Whatever is printed is read back as the arguments that it was printed from.

use clap::Parser;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use super::super::args::Command;
use super::*;

/// Text of any kind that a hand can type; what a terminal would obey is tested apart.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9_./:-]{1,12}",
        "[ -~]{0,12}",
        "-{1,2}[a-z=' ]{0,6}",
        "[\\p{L}\\p{N}\\p{P}\\p{S}]{0,6}"
            .prop_filter("no hidden marks", |text| terminal(text) == *text),
    ]
}

/// A path is never empty.
fn path() -> impl Strategy<Value = std::path::PathBuf> {
    text().prop_filter_map("a path", |text| (!text.is_empty()).then(|| text.into()))
}

fn aws() -> impl Strategy<Value = AwsArgs> {
    let one = (of(text()), of(text()), of(text()), of((text(), of(text()))));
    (one, any::<bool>()).prop_map(|((profile, region, endpoint_url, role), demo)| {
        let (role_arn, external_id) = role.unzip();
        // The demo goes with none of the three.
        let real = |text: Option<String>| text.filter(|_| !demo);
        AwsArgs {
            profile: real(profile),
            region,
            endpoint_url: real(endpoint_url),
            role_arn: real(role_arn),
            external_id: real(external_id.flatten()),
            demo,
        }
    })
}

fn format() -> impl Strategy<Value = Format> {
    prop_oneof![Just(Format::Table), Just(Format::Json)]
}

fn write() -> impl Strategy<Value = WriteArgs> {
    let texts = (of(text()), of(text()), of(path()));
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (texts, flags, prop_oneof![Just(10), 0..500_usize], format()).prop_map(
        |((confirm, reason, state_dir), (apply, other, events), max_changes, format)| WriteArgs {
            apply,
            confirm,
            reason,
            max_changes,
            allow_endpoint_override: other,
            events: events.then_some(Events::Json),
            state: StateArgs { state_dir },
            format,
        },
    )
}

fn resume() -> impl Strategy<Value = ResumeArgs> {
    (run(), vec(text(), 0..3), any::<bool>()).prop_map(|(run, only, stale_ok)| ResumeArgs {
        run,
        only,
        stale_ok,
    })
}

fn run() -> impl Strategy<Value = RunArgs> {
    (text(), aws(), write()).prop_map(|(run, aws, write)| RunArgs { run, aws, write })
}

/// Those that go with a plan that is made anew.
fn fresh() -> impl Strategy<Value = RemediateArgs> {
    let account = "[0-9]{12}".prop_map(|id| id.parse().unwrap());
    let place = "ou-[a-z0-9]{4}-[a-z0-9]{8}".prop_map(|id| id.parse().unwrap());
    let back = (
        vec("[0-9]{12}".prop_map(|id| id.parse().unwrap()), 1..3),
        any::<[bool; 2]>(),
        (of(0..9_usize), of(text()), of(path())),
        vec((account, place), 0..3),
    );
    let guard = (
        any::<[bool; 3]>(),
        of("r-[a-z0-9]{4}".prop_map(|id| id.parse().unwrap())),
    );
    let rest = (of(text()), vec(text(), 0..3), of(path()));
    let language = of(prop_oneof![
        Just(Language::Terraform),
        Just(Language::CloudFormation)
    ]);
    ((aws(), write()), of(back), guard, rest, language).prop_map(
        |((aws, write), back, (flags, canary), (member_role, only, plan_out), emit)| {
            let mut args = RemediateArgs::bare(aws, write);
            if let Some((reinvite, [accept, tower], (most, role, baseline), return_to)) = back {
                args.reinvite = reinvite;
                args.accept_in_account = accept;
                args.accept_unread = tower;
                args.allow_control_tower = tower;
                args.account_maximum = most;
                args.accept_role_risk = accept && role.is_some();
                args.break_glass_role = role;
                args.baseline = baseline;
                args.return_to = return_to;
            }
            [
                args.without_self_closure,
                args.enable_policy_type,
                args.detailed_exit_code,
            ] = flags;
            args.canary = canary;
            args.member_role = member_role;
            args.use_policy = only.iter().map(|_| "p-abcd1234".parse().unwrap()).collect();
            args.only = only;
            args.plan_out = plan_out;
            args.emit = emit.filter(|_| !args.write.apply);
            args
        },
    )
}

/// Those that go with a plan of a file, or with a snapshot.
fn given() -> impl Strategy<Value = RemediateArgs> {
    let file = (path(), of(text()), any::<bool>(), any::<bool>());
    ((aws(), write()), file, any::<bool>()).prop_map(|((aws, write), file, planned)| {
        let (path, digest, first, second) = file;
        let mut args = RemediateArgs::bare(aws, write);
        args.detailed_exit_code = first;
        if planned {
            args.plan = Some(path);
            args.plan_sha256 = digest;
        } else {
            args.from_snapshot = Some(path);
            args.recreate_rewritten = second;
            args.accept_unread = first;
        }
        args
    })
}

fn command() -> impl Strategy<Value = Command> {
    let undo = (run(), vec(text(), 0..3)).prop_map(|(run, only)| UndoArgs { run, only });
    let runs =
        (any::<bool>(), of(path()), format()).prop_map(|(demo, state_dir, format)| RunsArgs {
            demo,
            state: StateArgs { state_dir },
            format,
        });
    prop_oneof![
        fresh().prop_map(Command::Remediate),
        given().prop_map(Command::Remediate),
        resume().prop_map(Command::Resume),
        undo.prop_map(Command::Undo),
        runs.prop_map(Command::Runs),
    ]
}

fn cli() -> impl Strategy<Value = Cli> {
    let color = prop_oneof![Just(Color::Auto), Just(Color::Always), Just(Color::Never)];
    (command(), color, any::<bool>(), of(path())).prop_map(
        |(command, color, no_progress, config)| Cli {
            command,
            output: OutputArgs { color, no_progress },
            config,
        },
    )
}

fn printed(cli: &Cli) -> String {
    let next = match &cli.command {
        Command::Remediate(args) => Next::Remediate(args),
        Command::Resume(args) => Next::Resume(args),
        Command::Undo(args) => Next::Undo(args),
        Command::Runs(args) => Next::Runs(args),
        other => panic!("not printed: {other:?}"),
    };
    command_line(cli, next)
}

fn parsed(line: &str) -> Cli {
    let words = shlex::split(line).unwrap_or_else(|| panic!("no words: {line}"));
    Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}\n{error}"))
}

#[test]
fn a_printed_command_is_read_back_as_the_same_arguments() {
    let all = || {
        proptest!(|(cli in cli())| {
            let line = printed(&cli);
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(parsed(&line), cli, "{}", line);
        });
    };
    // The structs are large, and a test's own stack is not.
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    thread.spawn(all).unwrap().join().unwrap();
}

#[test]
fn the_next_command_of_an_undo_keeps_its_steps_and_only_says_yes() {
    let line = "org-exit-guard undo RUN --only quarantine-222222222222 --profile 'my profile'";
    let cli = parsed(line);
    let Command::Undo(args) = &cli.command else {
        panic!("{cli:?}");
    };
    let next = take_back(&cli, args, &"o-exampleorg1".parse().unwrap());
    assert_eq!(
        next,
        "org-exit-guard undo RUN --profile 'my profile' --apply --confirm o-exampleorg1 --reason TEXT \
         --only quarantine-222222222222"
    );
}

#[test]
fn the_next_command_of_a_plan_keeps_every_wish_and_of_a_file_names_that_plan() {
    let organization = "o-exampleorg1".parse().unwrap();
    let next = |line: &str| {
        let cli = parsed(line);
        let Command::Remediate(args) = &cli.command else {
            panic!("{cli:?}");
        };
        carry_out(&cli, args, (&organization, "sha256:ab"))
    };
    let wishes = "--reinvite 222222222222 --accept-in-account --break-glass-role 'incident response' \
                  --baseline facts.json --canary ou-ab12-11111111 --only a --only b";
    assert_eq!(
        next(&format!(
            "org-exit-guard remediate {wishes} --allow-endpoint-override"
        )),
        format!(
            "org-exit-guard remediate {wishes} --apply --confirm o-exampleorg1 --reason TEXT \
             --allow-endpoint-override"
        )
    );
    for shown in ["--canary ou-ab12-11111111 --plan-out", "--plan"] {
        assert_eq!(
            next(&format!("org-exit-guard remediate {shown} 'the plan.json'")),
            "org-exit-guard remediate --plan 'the plan.json' --plan-sha256 sha256:ab --apply \
             --confirm o-exampleorg1 --reason TEXT"
        );
    }
}

/// What a terminal would obey is no part of a printed command, and bash reads it all the same.
#[cfg(unix)]
#[test]
fn hidden_marks_control_characters_and_bytes_that_are_no_text_come_through_bash() {
    use std::os::unix::ffi::OsStrExt;
    for word in [
        &b"two\nlines"[..],
        b"a\x1b[31m'quoted' \"b\" $x `id` \\",
        "right\u{202e}to left 7".as_bytes(),
        b"not \xff text\x017",
    ] {
        let word = quoted(OsStr::from_bytes(word));
        assert_eq!(terminal(&word), word);
    }
    let hard = OsStr::from_bytes(b"-\nx \xff'1 $(id)");
    let printf = format!("printf %s {}", quoted(hard));
    let read = std::process::Command::new("bash")
        .args(["-c", &printf])
        .output()
        .unwrap();
    // printf takes no flags behind its format.
    assert_eq!(read.stdout, hard.as_bytes(), "{printf}");
}
