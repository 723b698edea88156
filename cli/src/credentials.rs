//! The credentials of a command: chosen as by the AWS CLI, so that both act in the same account.

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{ConfigLoader, Region};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

use crate::failure::{Failure, Result, causes};
use crate::global::Global;

/// The loader with the profile, the Region and the credentials that the AWS CLI would use for the same options.
///
/// # Errors
/// `Wrong` for a profile that is in no file, and if only half a key is set: other credentials might be those of another account.
pub async fn chosen(loader: ConfigLoader, global: &Global, http: SharedHttpClient) -> Result<ConfigLoader> {
    let (env, fs) = (Env::real(), Fs::real());
    let profile = Profile::chosen(global.profile.as_deref(), &env);
    ensure_complete_key(&profile, &env)?;
    ensure_profile_exists(&profile, &env, &fs).await?;
    let name = profile.name();
    let loader = match name {
        Some(name) => loader.profile_name(name),
        None => loader,
    };
    let region = match &global.region {
        Some(region) => Some(Region::new(region.clone())),
        None => {
            let chain = DefaultRegionChain::builder();
            let chain = match name {
                Some(name) => chain.profile_name(name),
                None => chain,
            };
            chain.build().region().await
        }
    };
    let loader = match &profile {
        // The SDK still reads the environment first.
        Profile::Option(name) => {
            let config = ProviderConfig::without_region()
                .with_http_client(http)
                .with_region(region.clone());
            loader.credentials_provider(of_profile(name, &config))
        }
        _ => loader,
    };
    Ok(match region {
        Some(region) => loader.region(region),
        None => loader,
    })
}

/// The profile that is used, and where it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Profile {
    /// `--profile`: before credentials in the environment.
    Option(String),
    /// A variable and its value: after credentials in the environment.
    Environment(&'static str, String),
    Unnamed,
}

impl Profile {
    fn chosen(option: Option<&str>, env: &Env) -> Self {
        let by_variable = || {
            // In the order of AWS CLI version 2; version 1 has the opposite one.
            ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"]
                .into_iter()
                .find_map(|variable| Some(Profile::Environment(variable, env.get(variable).ok()?)))
        };
        match option {
            Some(name) => Profile::Option(name.to_owned()),
            None => by_variable().unwrap_or(Profile::Unnamed),
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Profile::Option(name) | Profile::Environment(_, name) => Some(name),
            Profile::Unnamed => None,
        }
    }

    fn source(&self) -> &'static str {
        match self {
            Profile::Option(_) | Profile::Unnamed => "--profile",
            Profile::Environment(variable, _) => variable,
        }
    }
}

/// Without the environment's keys and web identity: an explicit profile has precedence.
fn of_profile(name: &str, config: &ProviderConfig) -> CredentialsProviderChain {
    let profile = ProfileFileCredentialsProvider::builder()
        .profile_name(name)
        .configure(config)
        .build();
    let container = EcsCredentialsProvider::builder().configure(config).build();
    let instance = ImdsCredentialsProvider::builder().configure(config).build();
    CredentialsProviderChain::first_try("Profile", profile)
        .or_else("EcsContainer", container)
        .or_else("Ec2InstanceMetadata", instance)
}

async fn ensure_profile_exists(profile: &Profile, env: &Env, fs: &Fs) -> Result<()> {
    let files = aws_config::profile::load(fs, env, &EnvConfigFiles::default(), None).await;
    let files = files.map_err(|error| {
        Failure::Wrong(format!(
            "reading the AWS configuration: {}. Correct the file, then run the command again.",
            causes(&error)
        ))
    })?;
    let explicit = matches!(profile, Profile::Option(_));
    if let Some(found) = files.get_profile(profile.name().unwrap_or("default")) {
        // The environment has precedence.
        return match explicit || env.get("AWS_ACCESS_KEY_ID").is_err() {
            true => ensure_profile_usable(found, explicit),
            false => Ok(()),
        };
    }
    let Some(name) = profile.name() else {
        return Ok(());
    };
    let mut known: Vec<&str> = files.profiles().collect();
    known.sort_unstable();
    let known = match known.as_slice() {
        [] => "there is none".to_owned(),
        some => format!("there are {}", some.join(", ")),
    };
    Err(Failure::Wrong(format!(
        "{}: the AWS configuration has no profile {name:?}; {known}. Name one of these, or create it: aws configure --profile {name}",
        profile.source()
    )))
}

/// Refuses profiles that only the AWS CLI can use, which would end in an unhelpful error.
fn ensure_profile_usable(profile: &aws_config::profile::Profile, explicit: bool) -> Result<()> {
    let (name, keys) = (profile.name(), profile.get("aws_access_key_id").is_some());
    let missing = match (profile.get("login_session"), profile.get("mfa_serial")) {
        (Some(_), _) if !keys => "signs in with `aws login`",
        (_, Some(_)) if profile.get("role_arn").is_some() => "requires an MFA code",
        _ => return Ok(()),
    };
    let without = if explicit {
        ", then the command without --profile"
    } else {
        ""
    };
    Err(Failure::Wrong(format!(
        "profile {name} {missing}, which only the AWS CLI can do. Run: eval \"$(aws configure export-credentials --profile {name} \
         --format env)\"{without}"
    )))
}

fn ensure_complete_key(profile: &Profile, env: &Env) -> Result<()> {
    let set = |variable| env.get(variable).is_ok_and(|value| !value.is_empty());
    let used = !matches!(profile, Profile::Option(_));
    if used && set("AWS_ACCESS_KEY_ID") && !set("AWS_SECRET_ACCESS_KEY") {
        return Err(Failure::Wrong(
            "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY: set both, or unset it to use a profile."
                .to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_option_goes_before_the_variables() {
        let env = Env::from_slice(&[("AWS_PROFILE", "a"), ("AWS_DEFAULT_PROFILE", "b")]);
        assert_eq!(Profile::chosen(Some("c"), &env), Profile::Option("c".into()));
        assert_eq!(
            Profile::chosen(None, &env),
            Profile::Environment("AWS_PROFILE", "a".into())
        );
        let env = Env::from_slice(&[("AWS_DEFAULT_PROFILE", "b")]);
        assert_eq!(
            Profile::chosen(None, &env),
            Profile::Environment("AWS_DEFAULT_PROFILE", "b".into())
        );
        assert_eq!(Profile::chosen(None, &Env::from_slice(&[])), Profile::Unnamed);
    }

    #[tokio::test]
    async fn a_profile_that_is_in_no_file_is_refused() {
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")]);
        let fs = Fs::from_slice(&[("/c", "[profile work]\nregion = eu-west-1\n"), ("/s", "[keys]\n")]);
        for name in ["work", "keys"] {
            ensure_profile_exists(&Profile::Option(name.into()), &env, &fs)
                .await
                .unwrap();
        }
        let profile = Profile::Environment("AWS_PROFILE", "wrok".into());
        let refused = ensure_profile_exists(&profile, &env, &fs).await.unwrap_err();
        assert_eq!(refused.code(), 2);
        let words = "AWS_PROFILE: the AWS configuration has no profile \"wrok\"; there are keys, work. ";
        assert!(refused.to_string().starts_with(words), "{refused}");
    }

    #[tokio::test]
    async fn a_profile_that_only_the_aws_cli_can_use_says_how_to_go_on() {
        let env = Env::from_slice(&[("AWS_CONFIG_FILE", "/c"), ("AWS_SHARED_CREDENTIALS_FILE", "/s")]);
        let role =
            "[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/r\nsource_profile = keys\nmfa_serial = arn:m\n";
        let fs = Fs::from_slice(&[
            ("/c", &format!("[profile console]\nlogin_session = arn:s\n{role}")),
            ("/s", "[keys]\n"),
        ]);
        for name in ["console", "mfa"] {
            let refused = ensure_profile_exists(&Profile::Option(name.into()), &env, &fs).await;
            let command = format!("aws configure export-credentials --profile {name} --format env");
            assert!(refused.unwrap_err().to_string().contains(&command), "{name}");
        }
        // The profile after that command.
        let exported = [("AWS_CONFIG_FILE", "/c"), ("AWS_ACCESS_KEY_ID", "a")];
        let profile = Profile::Environment("AWS_PROFILE", "console".into());
        ensure_profile_exists(&profile, &Env::from_slice(&exported), &fs)
            .await
            .unwrap();
    }

    #[test]
    fn half_a_key_in_the_environment_is_refused_where_it_would_be_used() {
        let env = Env::from_slice(&[("AWS_ACCESS_KEY_ID", "a")]);
        assert_eq!(ensure_complete_key(&Profile::Unnamed, &env).unwrap_err().code(), 2);
        assert!(ensure_complete_key(&Profile::Option("work".into()), &env).is_ok());
        let env = Env::from_slice(&[("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")]);
        assert!(ensure_complete_key(&Profile::Unnamed, &env).is_ok());
    }
}
