//! How records arrive in the event history: late, out of order, twice.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use crate::sim::Simulator;
use crate::sim::world::Delivery;

fn events(plain: &Plain) -> Vec<String> {
    let attribute = json!([{"AttributeKey": "EventName", "AttributeValue": "ListRoots"}]);
    let input = json!({"LookupAttributes": attribute});
    let answer = plain
        .json("CloudTrail_20131101.LookupEvents", input)
        .unwrap();
    let events = answer["Events"].as_array().unwrap();
    let id = |event: &Value| event["EventId"].as_str().unwrap().to_owned();
    events.iter().map(id).collect()
}

fn after_calls(count: usize, delivery: Delivery) -> (std::sync::Arc<Simulator>, Plain) {
    let simulator = Simulator::new(builder().switches(|s| s.delivery = delivery).build());
    let plain = Plain::of(&simulator, MANAGEMENT);
    for _ in 0..count {
        plain.organizations("ListRoots", json!({})).unwrap();
    }
    (simulator, plain)
}

#[tokio::test(start_paused = true)]
async fn records_arrive_late_when_told_to() {
    let delivery = Delivery {
        late: 300,
        ..Delivery::default()
    };
    let (simulator, plain) = after_calls(3, delivery);
    assert!(events(&plain).is_empty());
    simulator.skip(Duration::from_secs(299));
    assert!(events(&plain).is_empty());
    simulator.skip(Duration::from_secs(1));
    assert_eq!(events(&plain).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn out_of_order_some_records_overtake_others() {
    let delivery = Delivery {
        late: 300,
        out_of_order: true,
        ..Delivery::default()
    };
    let (simulator, plain) = after_calls(12, delivery);
    simulator.skip(Duration::from_secs(150));
    let early: BTreeSet<String> = events(&plain).into_iter().collect();
    assert!(!early.is_empty() && early.len() < 12, "{}", early.len());
    simulator.skip(Duration::from_secs(150));
    let all = events(&plain);
    assert_eq!(all.len(), 12);
    // Newest first: had they arrived in order, the early ones would be the last.
    let last: BTreeSet<String> = all.into_iter().rev().take(early.len()).collect();
    assert_ne!(last, early);
}

#[tokio::test(start_paused = true)]
async fn some_records_come_twice_under_one_id() {
    let delivery = Delivery {
        twice: 2,
        ..Delivery::default()
    };
    let (_simulator, plain) = after_calls(4, delivery);
    let all = events(&plain);
    let different: BTreeSet<&String> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (6, 4));
}
