//! Subscriptions to a topic that will not receive Holdfast's messages.

use holdfast::aws::failure;
use holdfast::aws::service::{CallError, Client};
use holdfast::aws::subscriptions::{Subscription, attributes, subscriptions};
use serde_json::{Map, Value};

/// The attributes of our messages, by which a subscription may filter.
const OURS: [&str; 3] = ["event", "severity", "deployment"];

/// A warning for each subscription that will not receive our messages, or one that there is none.
pub async fn warnings(sns: &Client, topic: &str) -> Vec<String> {
    look(sns, topic).await.unwrap_or_else(|error| {
        let error = failure("listing the subscriptions of topic", topic, error);
        vec![format!("could not check who receives the messages: {error}")]
    })
}

async fn look(sns: &Client, topic: &str) -> Result<Vec<String>, CallError> {
    let found = subscriptions(sns, topic).await?;
    if found.is_empty() {
        return Ok(vec![format!(
            "nobody is subscribed to topic {topic}: aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS"
        )]);
    }
    let mut warnings = Vec::new();
    for subscription in &found {
        let attributes = match subscription.is_confirmed() {
            true => attributes(sns, &subscription.arn).await?,
            false => Vec::new(),
        };
        if let Some(why) = unreceived(subscription, &attributes) {
            warnings.push(format!(
                "{} {} of topic {topic} will not receive our messages: {why}",
                subscription.protocol, subscription.endpoint
            ));
        }
    }
    Ok(warnings)
}

/// Why a subscription receives none of our messages.
fn unreceived(subscription: &Subscription, attributes: &[(String, String)]) -> Option<String> {
    if !subscription.is_confirmed() {
        return Some("it was never confirmed; open the link that SNS sent there".to_owned());
    }
    let attribute = |name: &str| {
        let found = attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    };
    let policy: Map<String, Value> = serde_json::from_str(attribute("FilterPolicy")?).ok()?;
    if policy.is_empty() {
        return None;
    }
    if attribute("FilterPolicyScope") == Some("MessageBody") {
        return Some("it filters by the message's body; filter by the attributes event and severity".to_owned());
    }
    let other = policy.keys().find(|key| !OURS.contains(&key.as_str()))?;
    Some(format!(
        "it filters by {other}, which they do not have; they have {}",
        OURS.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_by(arn: &str, attributes: &[(&str, &str)]) -> Option<String> {
        let subscription = Subscription {
            arn: arn.into(),
            protocol: "https".into(),
            endpoint: "https://pager.example.org".into(),
        };
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        unreceived(&subscription, &attributes)
    }

    /// Fails at 8e363f8: nothing checked who would receive the messages.
    #[test]
    fn a_subscription_that_will_not_show_our_messages_is_told_with_its_reason() {
        let arn = "arn:aws:sns:eu-west-1:111122223333:on-call:1";
        assert!(read_by("PendingConfirmation", &[]).is_some_and(|why| why.contains("never confirmed")));
        assert_eq!(read_by(arn, &[]), None);
        assert_eq!(read_by(arn, &[("FilterPolicy", r#"{"severity":["critical"]}"#)]), None);
        let by_team = read_by(arn, &[("FilterPolicy", r#"{"severity":["critical"],"team":["a"]}"#)]);
        assert!(by_team.is_some_and(|why| why.contains("filters by team")));
        let by_body = [
            ("FilterPolicy", r#"{"severity":["critical"]}"#),
            ("FilterPolicyScope", "MessageBody"),
        ];
        assert!(read_by(arn, &by_body).is_some_and(|why| why.contains("the message's body")));
    }
}
