//! The log: one JSON object per line, on standard output, which Lambda sends to CloudWatch Logs.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts the log. `AWS_LAMBDA_LOG_LEVEL` sets the level of Holdfast's own lines; the SDK's level stays at warnings, since below
/// that it logs requests and responses, and with them secrets.
pub(super) fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse().ok());
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("holdfast", level.unwrap_or(LevelFilter::INFO))
        // It logs a failed step's response, which `serve` has already logged.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_ansi(false);
    // Started once per process; a second start, in tests, changes nothing.
    tracing_subscriber::registry().with(lines).with(targets).try_init().ok();
}
