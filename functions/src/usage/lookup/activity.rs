//! The activity on a copy, from CloudWatch metrics.

use jiff::{SignedDuration, Timestamp};
use roxmltree::Document;

use crate::aws::failure;
use crate::aws::service::Client;
use crate::domain::kinds::{self, Metric, Use};
use crate::domain::usage::RestoredCopy;
use crate::error::{Error, Result};

/// How far back reads and writes count: an application reads or writes at least every hour.
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// How far back connections count: an application keeps its connections open.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// What CloudWatch counted for a copy, as text.
pub async fn of(
    cloudwatch: &Client,
    copy: &RestoredCopy,
    written_since: Timestamp,
    read_since: Timestamp,
    now: Timestamp,
) -> Result<Vec<String>> {
    let within = |since: Timestamp, window: SignedDuration| {
        let earliest = now.checked_sub(window).unwrap_or(since);
        since.max(earliest)
    };
    // There are no metrics for a single directory.
    let Some(target) = copy.target() else {
        return Ok(Vec::new());
    };
    let Some((kind, dimension)) = kinds::stateful(target).and_then(|kind| Some((kind, kind.alarm_dimension()?))) else {
        return Ok(Vec::new());
    };
    let mut done = Vec::new();
    for metric in kind.metrics() {
        let since = match metric.counts {
            Use::Writes => within(written_since, HOUR),
            Use::Reads => within(read_since, HOUR),
            Use::Connections => within(read_since, QUARTER),
        };
        let dimension = (dimension, target.identifier());
        let counted = statistic(cloudwatch, metric, dimension, since, now).await?;
        if counted > 0.0 {
            done.push(format!(
                "it was {} since {since}, after the restore had ended ({} of CloudWatch: {counted})",
                metric.done, metric.name
            ));
        }
    }
    Ok(done)
}

/// A metric's statistic in the minutes of a window: the sum, or the maximum.
async fn statistic(
    cloudwatch: &Client,
    of: &Metric,
    (dimension, value): (&str, &str),
    since: Timestamp,
    now: Timestamp,
) -> Result<f64> {
    if since >= now {
        return Ok(0.0);
    }
    let fields = [
        ("Namespace", of.namespace.to_owned()),
        ("MetricName", of.name.to_owned()),
        ("Dimensions.member.1.Name", dimension.to_owned()),
        ("Dimensions.member.1.Value", value.to_owned()),
        ("StartTime", second(since)),
        ("EndTime", second(now)),
        ("Period", "60".to_owned()),
        ("Statistics.member.1", of.statistic.to_owned()),
    ];
    let reply = cloudwatch.query("GetMetricStatistics", &fields).await;
    let reply = reply.map_err(|error| failure("reading metric", of.name, error))?;
    let unreadable = || {
        Error::Unavailable(format!(
            "reading metric {} of {}: AWS's response cannot be read. Trying again may help",
            of.name, value
        ))
    };
    let text = std::str::from_utf8(&reply.bytes).map_err(|_| unreadable())?;
    let document = Document::parse(text).map_err(|_| unreadable())?;
    let values = document
        .descendants()
        .filter(|node| node.tag_name().name() == of.statistic)
        .filter_map(|node| node.text()?.trim().parse::<f64>().ok());
    Ok(match of.statistic {
        "Sum" => values.sum(),
        _ => values.fold(0.0, f64::max),
    })
}

/// In whole seconds, CloudWatch's precision.
fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::aws::service::CLOUDWATCH;
    use crate::domain::resource::Target;
    use crate::testing::replay::{Exchange, Replay, answers};

    fn cloudwatch(exchanges: Vec<Exchange>) -> (Replay, Client) {
        let replay = Replay::new(exchanges);
        let cloudwatch = Client::new(&replay.config(), CLOUDWATCH);
        (replay, cloudwatch)
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-11-20T{time}Z").parse().unwrap()
    }

    fn points(statistic: &str, values: &[&str]) -> Exchange {
        let members: String = values
            .iter()
            .map(|value| {
                format!(
                    "<member><Timestamp>2026-11-20T02:00:00Z</Timestamp><{statistic}>{value}</{statistic}></member>"
                )
            })
            .collect();
        answers(
            "GetMetricStatistics",
            format!(
                "<GetMetricStatisticsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\
                 <GetMetricStatisticsResult><Datapoints>{members}</Datapoints></GetMetricStatisticsResult>\
                 </GetMetricStatisticsResponse>"
            ),
        )
    }

    fn copy(target: Target) -> RestoredCopy {
        let names = Vec::new();
        RestoredCopy::Resource { target, names }
    }

    #[tokio::test]
    async fn a_table_is_in_use_by_what_cloudwatch_counted_after_the_restore() {
        let table = copy(Target::DynamoDb {
            table: "rooms-r1".into(),
            archive: None,
        });
        let (replay, cloudwatch) = cloudwatch(vec![points("Sum", &["0.0", "2.5", "1.0"]), points("Sum", &[])]);
        let done = of(&cloudwatch, &table, at("01:30:00"), at("02:00:00"), at("02:15:00"))
            .await
            .unwrap();
        assert_eq!(done.len(), 1, "{done:?}");
        assert!(done[0].contains("written") && done[0].contains("3.5"), "{done:?}");
        let requests = replay.played();
        let field = |at: usize, name: &str| requests[at].field(name).unwrap();
        assert_eq!(field(0, "Dimensions.member.1.Value"), "rooms-r1");
        assert_eq!(field(0, "StartTime"), "2026-11-20T01:30:00Z");
        assert_eq!(field(1, "StartTime"), "2026-11-20T02:00:00Z");
        // Neither activity long ago, nor Holdfast's own.
        let (replay, cloudwatch) = self::cloudwatch(vec![points("Sum", &[])]);
        of(&cloudwatch, &table, at("00:00:00"), at("02:16:00"), at("02:15:00"))
            .await
            .unwrap();
        assert_eq!(replay.played()[0].field("StartTime").unwrap(), "2026-11-20T01:15:00Z");
    }

    #[tokio::test]
    async fn a_cluster_is_in_use_by_its_connections() {
        let cluster = copy(Target::Aurora {
            cluster: "db-r1".into(),
        });
        for (values, used) in [(vec!["0.0", "4.0", "1.0"], true), (vec!["0.0"], false), (vec![], false)] {
            let (replay, cloudwatch) = cloudwatch(vec![points("Maximum", &values)]);
            let done = of(&cloudwatch, &cluster, at("00:00:00"), at("00:00:00"), at("02:15:00"))
                .await
                .unwrap();
            assert_eq!(!done.is_empty(), used, "{done:?}");
            assert_eq!(replay.played()[0].field("StartTime").unwrap(), "2026-11-20T02:00:00Z");
        }
    }
}
