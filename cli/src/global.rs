//! The options that every command understands.

/// What every command understands; its help shows the command's own options first.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Options of every command", next_display_order = 1000)]
pub struct Global {
    /// Holdfast's own CloudFormation stack [default: holdfast]; for `discover`, the application's
    #[arg(long, global = true, value_name = "NAME")]
    pub stack: Option<String>,
    /// Print JSON: one document, or for `watch` one a line
    #[arg(long, global = true)]
    pub json: bool,
    /// AWS Region, before AWS_REGION and the profile's own
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of the AWS configuration, before keys in the environment and AWS_PROFILE
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
}
