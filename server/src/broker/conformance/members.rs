//! Channels of `Members` feeds.

use super::*;

pub(super) async fn members_come_together_and_leave(mut replica: Replica) {
    let all = replica.key("instances:{all}");
    replica.subscribe(&all).await;
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[]");
    let broker = replica.broker.clone();
    let report = |member, state: Option<&'static str>| {
        broker.report(&all, member, state.map(Into::into), LONG)
    };
    report("b", Some("2")).await.unwrap();
    report("a", Some("1")).await.unwrap();
    replica.fail_over().await;
    report("b", Some("3")).await.unwrap();
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[1,3]");
    replica.broker.report(&all, "a", None, LONG).await.unwrap();
    for expected in ["[2]", "[1,2]", "[1,3]", "[3]"] {
        let (key, publication) = replica.publication().await;
        assert_eq!((key, text(&publication).as_str()), (all.clone(), expected));
        assert_eq!(publication.tracked, None);
    }
}

pub(super) async fn a_member_that_does_not_report_again_is_left_out(mut replica: Replica) {
    let all = replica.key("instances:{all}");
    let short = Duration::from_millis(1);
    replica.broker.report(&all, "dead", Some("0".into()), short).await.unwrap();
    while replica.broker.members(&all).await.unwrap() != "[]" {}
    replica.fail_over().await;
    replica.broker.report(&all, "live", Some("1".into()), LONG).await.unwrap();
    assert_eq!(replica.broker.members(&all).await.unwrap(), "[1]");
}
