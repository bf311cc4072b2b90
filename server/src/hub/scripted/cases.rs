//! What may come in between.

use futures_util::FutureExt;

use super::*;
use crate::sample::OnViewed;

fn keys() -> (ChannelKey, ChannelKey) {
    (ChannelKey::from("products:{a}"), ChannelKey::from("products:{b}"))
}

fn unavailable(reason: &str) -> BrokerUnavailable {
    BrokerUnavailable(reason.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_was_down_confirms_the_channels_bit_by_bit() {
    let ((a, b), mut stage) = (keys(), Stage::new(ROOM));
    let (mut in_a, mut in_b) = (stage.listen(&a, 1).await, stage.listen(&b, 7).await);
    stage.push(&a, 2).await;
    stage.down().await;
    assert_eq!(in_a.told(), ["data 2", "down"]);
    assert_eq!(in_b.told(), ["down"]);
    // A channel that is known can be joined, and others cannot.
    let mut late = Listener::take(stage.join::<OnProducts>(&a).await).await;
    assert_eq!(late.told(), ["started 2", "down"]);
    let other = stage.join::<OnProducts>(&ChannelKey::from("products:{c}")).await;
    assert_eq!(other.await.unwrap().unwrap_err(), unavailable("it is down"));
    stage.up().await;
    assert_eq!(in_a.told(), [""; 0], "nothing is confirmed");
    let mut wanted = stage.wanted();
    wanted.sort();
    assert_eq!(wanted, [a.clone(), b.clone()]);
    stage.confirm(&[&a]).await;
    assert_eq!((in_a.told(), in_b.told()), (vec!["up".to_owned()], vec![]));
    // What comes behind the look waits for its answer.
    let look = stage.look(&[&a]).await;
    stage.push(&a, 3).await;
    stage.answer(look, vec![at(2)]).await;
    assert_eq!(
        (in_a.told(), late.told()),
        (vec!["data 3".to_owned()], vec!["up".into(), "data 3".into()])
    );
    // The other one has missed something.
    stage.confirm(&[&b]).await;
    let look = stage.look(&[&b]).await;
    stage.answer(look, vec![at(9)]).await;
    let read = stage.read(&b, 7).await;
    stage.answer(read, history(7, 9)).await;
    assert_eq!(in_b.told(), ["up", "data 8", "data 9"]);
    stage.asks_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_part_ends_with_its_stream() {
    let stage = Stage::new(ROOM);
    drop(stage.notices);
    timeout(Duration::from_secs(30), stage.running).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_subscription_is_refused_and_another_is_confirmed() {
    let ((a, b), mut stage) = (keys(), Stage::new(ROOM));
    let (join_a, join_b) = (stage.join::<OnProducts>(&a).await, stage.join::<OnProducts>(&b).await);
    assert_eq!(stage.wanted(), [a.clone(), b.clone()]);
    let refusal = unavailable("no permission");
    stage.broker.inbox.refuse(slice::from_ref(&a), &refusal);
    stage.confirm(&[&b]).await;
    assert_eq!(join_a.await.unwrap().unwrap_err(), refusal);
    let look = stage.look(&[&b]).await;
    // The next one asks again.
    let again = stage.join::<OnProducts>(&a).await;
    assert_eq!(stage.wanted(), slice::from_ref(&a));
    stage.confirm(&[&a]).await;
    let second = stage.look(&[&a]).await;
    stage.answer(second, vec![at(3)]).await;
    assert_eq!(Listener::take(again).await.told(), ["started 3"]);
    stage.answer(look, vec![at(7)]).await;
    assert_eq!(Listener::take(join_b).await.told(), ["started 7"]);
}

/// Joins at the moment at which those who asked before have not gone yet.
#[tokio::test(start_paused = true)]
async fn a_subscription_that_was_refused_is_asked_for_again_by_the_next_to_join() {
    let ((a, _), mut stage) = (keys(), Stage::new(ROOM));
    let part = stage.part.clone();
    let mut first = std::pin::pin!(part.join::<OnProducts>(a.clone()));
    assert!(first.as_mut().now_or_never().is_none());
    assert_eq!(stage.wanted(), slice::from_ref(&a));
    stage.broker.inbox.refuse(slice::from_ref(&a), &unavailable("no permission"));
    stage.idle().await;
    let second = stage.join::<OnProducts>(&a).await;
    assert_eq!(stage.wanted(), slice::from_ref(&a));
    stage.confirm(&[&a]).await;
    let look = stage.look(&[&a]).await;
    stage.answer(look, vec![at(3)]).await;
    assert!(first.now_or_never().unwrap().is_ok());
    assert_eq!(Listener::take(second).await.told(), ["started 3"]);
}

#[tokio::test(start_paused = true)]
async fn looks_at_two_channels_are_answered_in_the_other_order() {
    let ((a, b), mut stage) = (keys(), Stage::new(ROOM));
    let (join_a, join_b) = (stage.join::<OnProducts>(&a).await, stage.join::<OnProducts>(&b).await);
    stage.wanted();
    stage.confirm(&[&a]).await;
    let first = stage.look(&[&a]).await;
    stage.confirm(&[&b]).await;
    let second = stage.look(&[&b]).await;
    stage.answer(second, vec![at(7)]).await;
    assert!(join_b.is_finished() && !join_a.is_finished());
    stage.answer(first, vec![at(3)]).await;
    assert_eq!(Listener::take(join_a).await.told(), ["started 3"]);
    assert_eq!(Listener::take(join_b).await.told(), ["started 7"]);
    stage.asks_nothing();
}

/// An outage comes between two looks at one channel, and an event was published meanwhile: the first look knows nothing of
/// it.
#[tokio::test(start_paused = true)]
async fn looks_at_one_channel_are_answered_in_either_order() {
    for outdated_first in [true, false] {
        let ((a, _), mut stage) = (keys(), Stage::new(ROOM));
        let mut listener = stage.listen(&a, 3).await;
        let mut looks = Vec::new();
        for _ in 0..2 {
            stage.down().await;
            stage.up().await;
            stage.wanted();
            stage.confirm(&[&a]).await;
            looks.push(stage.look(&[&a]).await);
        }
        assert_eq!(listener.told(), ["down", "up", "down", "up"]);
        let (current, outdated) = (looks.pop().unwrap(), looks.pop().unwrap());
        if outdated_first {
            stage.answer(outdated, vec![at(3)]).await;
            stage.answer(current, vec![at(4)]).await;
            let read = stage.read(&a, 3).await;
            stage.answer(read, history(3, 4)).await;
        } else {
            stage.answer(current, vec![at(4)]).await;
            let read = stage.read(&a, 3).await;
            stage.answer(read, history(3, 4)).await;
            stage.answer(outdated, vec![at(3)]).await;
            // It was asked from another position, and is repeated.
            let read = stage.read(&a, 4).await;
            stage.answer(read, history(4, 4)).await;
        }
        stage.push(&a, 5).await;
        assert_eq!(listener.told(), ["data 4", "data 5"], "outdated first: {outdated_first}");
        stage.asks_nothing();
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_left_and_joined_again_while_its_look_is_pending() {
    let ((a, _), mut stage) = (keys(), Stage::new(ROOM));
    let gone = stage.join::<OnProducts>(&a).await;
    stage.wanted();
    stage.confirm(&[&a]).await;
    let outdated = stage.look(&[&a]).await;
    gone.abort();
    stage.idle().await;
    assert_eq!(stage.broker.inbox.changes(usize::MAX).unsubscribe, slice::from_ref(&a));
    let join = stage.join::<OnProducts>(&a).await;
    assert_eq!(stage.wanted(), slice::from_ref(&a));
    stage.confirm(&[&a]).await;
    let look = stage.look(&[&a]).await;
    stage.push(&a, 5).await;
    stage.answer(outdated, vec![at(3)]).await;
    assert!(!join.is_finished(), "the answer was for another channel of that name");
    stage.answer(look, vec![at(4)]).await;
    assert_eq!(Listener::take(join).await.told(), ["started 5"]);
    // Its event has waited in the inbox: nothing had to be read.
    stage.asks_nothing();
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_made_for_each_channel_by_itself() {
    let ((a, b), mut stage) = (keys(), Stage::new(ROOM));
    let (join_a, join_b) = (stage.join::<OnProducts>(&a).await, stage.join::<OnProducts>(&b).await);
    stage.wanted();
    stage.confirm(&[&a, &b]).await;
    let look = stage.look(&[&a, &b]).await;
    look.send(Err(unavailable("no permission"))).unwrap();
    let (only_a, only_b) = (stage.look(&[&a]).await, stage.look(&[&b]).await);
    only_a.send(Err(unavailable("no permission"))).unwrap();
    stage.answer(only_b, vec![at(7)]).await;
    let read = stage.read(&b, 7).await;
    stage.answer(read, history(7, 7)).await;
    assert_eq!(Listener::take(join_b).await.told(), ["started 7"]);
    // The one that failed is asked for again.
    let again = stage.look(&[&a]).await;
    assert!(!join_a.is_finished());
    stage.answer(again, vec![at(3)]).await;
    let read = stage.read(&a, 3).await;
    stage.answer(read, history(3, 3)).await;
    assert_eq!(Listener::take(join_a).await.told(), ["started 3"]);
}

#[tokio::test(start_paused = true)]
async fn a_channel_whose_inbox_overflows_reads_its_history() {
    // Room for one event.
    let ((a, _), mut stage) = (keys(), Stage::new(1));
    let mut listener = stage.listen(&a, 1).await;
    for offset in 2..=5 {
        stage.broker.inbox.push_publication(&a, &event(offset));
    }
    let read = stage.read(&a, 2).await;
    assert_eq!(listener.told(), ["data 2"], "what fits is delivered");
    assert_eq!(stage.part.shared.metrics.inbox_overflows.get(), 1);
    // While it reads, its events wait, and one more is dropped.
    stage.push(&a, 6).await;
    stage.push(&a, 7).await;
    // The history had the first of them only.
    stage.answer(read, history(2, 6)).await;
    assert_eq!(listener.told(), ["data 3", "data 4", "data 5", "data 6"]);
    let read = stage.read(&a, 6).await;
    stage.answer(read, history(6, 7)).await;
    stage.push(&a, 8).await;
    assert_eq!(listener.told(), ["data 7", "data 8"]);
    stage.asks_nothing();
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_and_is_no_longer_in_the_history_is_a_gap() {
    let ((a, _), mut stage) = (keys(), Stage::new(1));
    let mut listener = stage.listen(&a, 1).await;
    for offset in 2..=5 {
        stage.broker.inbox.push_publication(&a, &event(offset));
    }
    let read = stage.read(&a, 2).await;
    stage.answer(read, History { events: vec![event(5)], ..history(2, 5) }).await;
    assert_eq!(listener.told(), ["data 2", "gap 5"]);
    stage.push(&a, 6).await;
    assert_eq!(listener.told(), ["data 6"]);
}

#[tokio::test(start_paused = true)]
async fn the_members_of_a_channel_are_not_waited_for_when_it_is_given_up() {
    let (key, mut stage) = (ChannelKey::from("onViewed:{all}"), Stage::new(ROOM));
    let join = stage.join::<OnViewed>(&key).await;
    stage.wanted();
    stage.confirm(&[&key]).await;
    let mut answers = 0;
    // The second time because no report came for an hour.
    while answers < 2 {
        match stage.requests.recv().await.unwrap() {
            Request::Members(asked, answer) if asked == key => {
                stage.answer(answer, "[]".into()).await;
                answers += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stage.part.shared.tasks.len(), 1);
    drop(join.await.unwrap().unwrap());
    stage.idle().await;
    assert_eq!(stage.part.shared.tasks.len(), 0, "it waits on");
}
