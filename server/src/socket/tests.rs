//! A connection on a socket that takes as much as a test says.

use std::{future::poll_fn, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tidings_contract::{Subscription, SubscriptionId};
use tokio::{
    io::AsyncReadExt,
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;

use super::{Connection, Frame, Frames, Kind, Lane, Pushed, Socket, Tape, Transport};
use crate::sample::{OnNewest, OnProducts};

const LIMIT: usize = 1000;
const STALL_LIMIT: Duration = Duration::from_secs(60);
/// In a test whose time stands still, this is over at once when nothing happens any more.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A subscription that nobody will end.
fn lane<P: Subscription>(connection: &Arc<Connection>, id: u64) -> Lane {
    let claim = connection
        .open(Transport::WebSocket)
        .unwrap()
        .claim::<P>(SubscriptionId(id), || unreachable!());
    let lane = claim.lane().clone();
    claim.hold(Box::new(()));
    lane
}

/// As a client ends it, and is answered.
fn end(connection: &Arc<Connection>, id: u64) -> bool {
    connection.end(SubscriptionId(id), connection.call().id())
}

fn frame(text: &str) -> Frames {
    Frame::text(format!("{text:?}").as_bytes()).into()
}

fn push(lane: &Lane, text: &str) {
    assert!(matches!(lane.push(Kind::Data, &frame(text)), Pushed::Taken), "{text}");
}

#[tokio::test]
async fn an_idle_socket_is_written_to_at_once_and_without_a_task() {
    let (tape, tasks) = (Tape::new(usize::MAX), TaskTracker::new());
    let connection = tape.connection_of(&tasks, LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    let (writes, alive) = (tape.writes(), tasks.len());
    push(&lane, "one");
    push(&lane, "two");
    assert_eq!(tape.messages(), ["one", "two"]);
    assert_eq!(tape.writes() - writes, 2);
    let cork = lane.cork();
    push(&lane, "three");
    push(&lane, "four");
    assert_eq!(tape.messages(), Vec::<Value>::new(), "the cork is in");
    drop(cork);
    assert_eq!(tape.messages(), ["three", "four"]);
    assert_eq!(tape.writes() - writes, 3, "both in one");
    assert_eq!(tasks.len(), alive);
}

#[tokio::test(start_paused = true)]
async fn what_a_socket_does_not_take_is_written_when_it_does() {
    let (tape, tasks) = (Tape::new(usize::MAX), TaskTracker::new());
    let connection = tape.connection_of(&tasks, LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(3);
    push(&lane, "one");
    push(&lane, "two");
    // A little at a time, however long it takes, is no stall.
    for _ in 0..frame("one").len() + frame("two").len() {
        sleep(STALL_LIMIT / 2).await;
        tape.allow(1);
    }
    connection.until(|outbox| outbox.queue.is_written() && !outbox.draining).await;
    assert_eq!(tape.messages(), ["one", "two"]);
    assert_eq!(tasks.len(), 1, "the connection itself is left, and no task");
    assert!(!tape.is_cut());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_cut_off_after_the_stall_limit() {
    let (tape, tasks) = (Tape::new(usize::MAX), TaskTracker::new());
    let connection = tape.connection_of(&tasks, LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    let cut_before = connection.terms().metrics.stalled.get();
    tape.take_only(0);
    push(&lane, "one");
    sleep(STALL_LIMIT - Duration::from_secs(1)).await;
    assert!(!tape.is_cut());
    lane.gone().await;
    assert!(tape.is_cut());
    assert_eq!(connection.terms().metrics.stalled.get() - cut_before, 1);
    assert!(matches!(lane.push(Kind::Data, &frame("two")), Pushed::Gone));
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_leaves_waits_for_nobody_who_does_not_read() {
    let (tape, tasks) = (Tape::new(usize::MAX), TaskTracker::new());
    let connection = tape.connection_of(&tasks, LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(0);
    push(&lane, "one");
    connection.terms().cut.cancel();
    lane.gone().await;
    assert!(tape.is_cut());
}

#[tokio::test]
async fn the_subscription_with_most_that_waits_is_stopped_and_its_neighbours_go_on() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let quiet = lane::<OnProducts>(&connection, 1);
    let busy = lane::<OnProducts>(&connection, 2);
    let state = lane::<OnNewest>(&connection, 3);
    tape.take_only(0);
    push(&quiet, "quiet 1");
    let stopped = (0..).find_map(|n| {
        push(&state, &format!("state {n}"));
        match busy.push(Kind::Data, &frame(&format!("busy {n} {}", "x".repeat(100)))) {
            Pushed::Stopped(lanes) => Some(lanes),
            _ => None,
        }
    });
    let [stopped] = &stopped.unwrap()[..] else { panic!("one is enough") };
    assert_eq!(stopped.key(), busy.key());
    stopped.release();
    assert!(!busy.is_open());
    push(&quiet, "quiet 2");
    push(&state, "newest");

    tape.allow(usize::MAX);
    connection.until(|outbox| outbox.queue.is_written()).await;
    let messages = tape.messages();
    let (events, told): (Vec<_>, Vec<_>) = messages.iter().partition(|m| m.is_string());
    assert_eq!(events, ["quiet 1", "quiet 2", "newest"], "and only the newest state");
    let [told] = told[..] else { panic!("{told:?}") };
    assert_eq!(told["params"]["subscription"], 2);
    assert_eq!(told["params"]["result"]["reason"], "slowConsumer");
}

#[tokio::test]
async fn answers_wait_for_each_other_and_not_for_events() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(0);
    let large = "x".repeat(LIMIT - 100);
    push(&lane, &large);
    connection.answer(Frame::text(b"1")).await;
    let long = Frame::text(format!("{:?}", "y".repeat(LIMIT)).as_bytes());
    let (answer, next) = (connection.answer(long), connection.answer(Frame::text(b"2")));
    tokio::pin!(answer, next);
    assert!(futures_util::poll!(&mut answer).is_pending());
    assert!(futures_util::poll!(&mut next).is_pending(), "it does not pass the long one");

    tape.allow(usize::MAX);
    answer.await;
    next.await;
    connection.until(|outbox| outbox.queue.is_written()).await;
    let expected = [json!(large), json!(1), json!("y".repeat(LIMIT)), json!(2)];
    assert_eq!(tape.messages(), expected);
}

#[tokio::test]
async fn nothing_waits_for_a_subscription_that_has_ended() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(1);
    push(&lane, "begun");
    push(&lane, "not begun");
    assert!(end(&connection, 1));
    assert!(matches!(lane.push(Kind::Data, &frame("late")), Pushed::Gone));
    connection.answer(Frame::text(br#""ended""#)).await;
    tape.allow(usize::MAX);
    connection.until(|outbox| outbox.queue.is_written()).await;
    assert_eq!(tape.messages(), ["begun", "ended"]);
}

#[tokio::test]
async fn what_a_subscription_holds_goes_when_it_ends_however_it_ends() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let hold = |id| {
        let claim = connection.open(Transport::WebSocket).unwrap();
        let claim = claim.claim::<OnProducts>(SubscriptionId(id), || unreachable!());
        let held = Arc::new(());
        (Arc::downgrade(&held), claim, held)
    };
    let (weak, claim, held) = hold(1);
    claim.hold(Box::new(held));
    assert!(weak.upgrade().is_some());
    assert!(end(&connection, 1));
    assert!(weak.upgrade().is_none());
    assert!(!end(&connection, 1), "there is none any more");

    let (weak, claim, held) = hold(1);
    assert!(end(&connection, 1), "before it is set up");
    claim.hold(Box::new(held));
    assert!(weak.upgrade().is_none());

    let (weak, claim, held) = hold(1);
    let (late_weak, late, late_held) = hold(2);
    claim.hold(Box::new(held));
    connection.closed();
    assert!(weak.upgrade().is_none());
    late.hold(Box::new(late_held));
    assert!(late_weak.upgrade().is_none(), "the connection had gone");
    let too_late = connection.open(Transport::WebSocket).unwrap();
    let too_late = too_late.claim::<OnProducts>(SubscriptionId(3), || unreachable!());
    assert!(!too_late.lane().is_open());
}

#[tokio::test]
async fn who_is_stopped_was_told_that_it_began() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(1);
    connection.answer_now(Frame::text(b"1"));
    let _ = lane.push(Kind::Greeting, &frame("started"));
    let large = frame(&"x".repeat(LIMIT));
    assert!(matches!(lane.push(Kind::Data, &large), Pushed::Stopped(_)));
    tape.allow(usize::MAX);
    connection.until(|outbox| outbox.queue.is_written()).await;
    let messages = tape.messages();
    assert_eq!(messages[..2], [json!(1), json!("started")]);
    assert_eq!(messages[2]["params"]["result"]["type"], "stopped");
    assert_eq!(messages.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_looks_while_a_cork_is_in_is_told_when_it_is_out() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let cork = connection.cork();
    connection.answer_now(Frame::text(b"1"));
    let written = poll_fn(|cx| connection.poll_written(cx));
    let answer = connection.answer(Frame::text(format!("{:?}", "y".repeat(LIMIT)).as_bytes()));
    tokio::pin!(written, answer);
    assert!(futures_util::poll!(&mut written).is_pending());
    assert!(futures_util::poll!(&mut answer).is_pending());
    drop(cork);
    let told = async { tokio::join!(written, answer) };
    assert!(timeout(PATIENCE, told).await.is_ok(), "nobody was told");
}

#[tokio::test]
async fn nothing_stands_behind_a_close_frame() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    connection.peer_closes();
    let echo = [0x88, 2, 0x03, 0xe8];
    assert!(poll_fn(|cx| connection.poll_write(cx, &echo)).await > 0);
    assert!(matches!(lane.push(Kind::Data, &frame("late")), Pushed::Gone));
    connection.answer(Frame::text(b"1")).await;
    assert_eq!(tape.rewind(), echo);
}

#[tokio::test]
async fn nothing_at_all_may_be_pushed_at_any_time() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    poll_fn(|cx| connection.poll_write(cx, &[0x81, 3, b'1'])).await;
    assert!(matches!(lane.push(Kind::Data, &Frames::default()), Pushed::Taken));
    poll_fn(|cx| connection.poll_write(cx, b"23")).await;
    assert_eq!(tape.messages(), [json!(123)]);
    assert!(!tape.is_cut());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_waits_for_calls_is_told_when_the_connection_is_cut() {
    let tape = Tape::new(0);
    let connection = tape.connection(LIMIT);
    connection.calls.begin();
    let mut socket = Socket::new(connection.clone());
    let mut buffer = [0; 8];
    let read = socket.read(&mut buffer);
    tokio::pin!(read);
    assert!(futures_util::poll!(&mut read).is_pending());
    connection.cut();
    assert_eq!(timeout(PATIENCE, read).await.unwrap().unwrap(), 0, "the end");
}

#[tokio::test]
async fn a_ping_goes_before_what_waits_and_not_into_what_has_begun() {
    let tape = Tape::new(usize::MAX);
    let connection = tape.connection(LIMIT);
    let lane = lane::<OnProducts>(&connection, 1);
    tape.take_only(1);
    push(&lane, "begun");
    push(&lane, "waits");
    poll_fn(|cx| connection.poll_write(cx, &[0x89, 0])).await;
    poll_fn(|cx| connection.poll_write(cx, &[0x8a, 1, b'x'])).await;
    tape.allow(usize::MAX);
    connection.until(|outbox| outbox.queue.is_written()).await;
    let frame = |text: &str| Frame::text(format!("{text:?}").as_bytes()).as_bytes().clone();
    let (begun, waits) = (frame("begun"), frame("waits"));
    let controls = [0x89, 0, 0x8a, 1, b'x'];
    assert_eq!(tape.rewind(), [&begun[..], &controls, &waits].concat());
}
