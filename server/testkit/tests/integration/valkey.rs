use std::{
    env,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use tidings_testkit::ValkeyProcess;
use tokio::time::timeout;

/// Set in the process that [`the_owner_of_a_valkey`] is to run in.
const OWNER: &str = "TIDINGS_TESTKIT_OWNER";

/// Waits for what no event tells.
async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let holds = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), holds).await.expect(what);
}

#[tokio::test]
async fn comes_back_empty_on_the_same_port() {
    let mut valkey = ValkeyProcess::start().await.unwrap();
    let url = valkey.url();
    assert_eq!(valkey.cli(["SET", "name", "Ada"]).await.unwrap(), "OK");
    valkey.kill();
    assert!(valkey.cli(["PING"]).await.is_err());
    valkey.restart().await.unwrap();
    assert_eq!(valkey.url(), url);
    assert_eq!(valkey.cli(["GET", "name"]).await.unwrap(), "");
}

#[tokio::test]
async fn keeps_its_data_if_told_to() {
    let arguments = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut valkey = ValkeyProcess::start_with(arguments).await.unwrap();
    valkey.cli(["SET", "name", "Ada"]).await.unwrap();
    valkey.kill();
    valkey.restart().await.unwrap();
    assert_eq!(valkey.cli(["GET", "name"]).await.unwrap(), "Ada");
}

#[tokio::test]
async fn goes_on_after_a_pause() {
    let valkey = ValkeyProcess::start().await.unwrap();
    valkey.pause();
    let stat = format!("/proc/{}/stat", valkey.pid());
    eventually("it is stopped", || std::fs::read_to_string(&stat).unwrap().contains(") T ")).await;
    valkey.resume();
    assert_eq!(valkey.cli(["PING"]).await.unwrap(), "PONG");
}

#[tokio::test]
async fn an_error_says_what_valkey_said() {
    let error = ValkeyProcess::start_with(["--no-such-option", "1"]).await.unwrap_err();
    assert!(error.to_string().contains("Bad directive"), "{error}");
    let valkey = ValkeyProcess::start().await.unwrap();
    let error = valkey.cli(["NO-SUCH-COMMAND"]).await.unwrap_err();
    assert!(error.to_string().contains("ERR unknown command"), "{error}");
}

#[tokio::test]
async fn leaves_nothing_behind() {
    let valkey = ValkeyProcess::start().await.unwrap();
    let process = format!("/proc/{}", valkey.pid());
    let folder = valkey.cli(["CONFIG", "GET", "dir"]).await.unwrap();
    let folder = folder.lines().last().unwrap().to_owned();
    assert!(Path::new(&process).exists() && Path::new(&folder).exists());
    drop(valkey);
    assert!(!Path::new(&process).exists() && !Path::new(&folder).exists());
}

#[tokio::test]
async fn leaves_nothing_behind_in_a_panic() {
    let (tell, told) = std::sync::mpsc::channel();
    let test = tokio::spawn(async move {
        let valkey = ValkeyProcess::start().await.unwrap();
        tell.send(format!("/proc/{}", valkey.pid())).unwrap();
        panic!("this panic is part of the test");
    });
    assert!(test.await.unwrap_err().is_panic());
    assert!(!Path::new(&told.recv().unwrap()).exists());
}

/// Runs this test program again, kills it, and looks for its Valkey.
#[tokio::test]
async fn leaves_no_process_behind_when_its_owner_is_killed() {
    // A folder that is ours to remove, because no one can clean up after a kill.
    let folder = tempfile::tempdir().unwrap();
    let mut owner = Command::new(env::current_exe().unwrap())
        .args(["--exact", "valkey::the_owner_of_a_valkey", "--nocapture"])
        .env(OWNER, "1")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let pid =
        lines.map_while(Result::ok).find_map(|line| Some(line.split_once("PID ")?.1.to_owned()));
    let stat = format!("/proc/{}/stat", pid.expect("the owner tells the process id"));
    assert!(Path::new(&stat).exists());
    owner.kill().unwrap();
    owner.wait().unwrap();
    // A zombie that its new parent has not yet waited for does nothing any more.
    let gone = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    eventually("its Valkey ends, too", gone).await;
}

/// Not a test: the process that the test above kills.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "this is how the process tells the test")]
async fn the_owner_of_a_valkey() {
    if env::var_os(OWNER).is_some() {
        let valkey = ValkeyProcess::start().await.unwrap();
        println!("PID {}", valkey.pid());
        std::future::pending::<()>().await;
    }
}
