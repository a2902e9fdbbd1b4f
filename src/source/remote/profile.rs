//! The profiles of Amazon's tools: `~/.aws/credentials` and `~/.aws/config`. The store library reads the environment only.

use std::collections::HashMap;
use std::env;
use std::path::PathBuf;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::trouble::Trouble;

/// Bytes of such a file at most.
const LONGEST: u64 = 1 << 20;

type Sections = HashMap<String, HashMap<String, String>>;

/// The builder with what the profile says where the environment says nothing.
pub(super) fn on(builder: AmazonS3Builder) -> Result<AmazonS3Builder, Trouble> {
    let named = env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let set = |key: &AmazonS3ConfigKey| builder.get_config_value(key).is_some();
    let web = set(&AmazonS3ConfigKey::WebIdentityTokenFile) || set(&AmazonS3ConfigKey::ContainerCredentialsRelativeUri);
    let keys = !set(&AmazonS3ConfigKey::AccessKeyId) && !web;
    let name = named.clone().unwrap_or_else(|| "default".into());
    let credentials = file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    let config = file("AWS_CONFIG_FILE", "config");
    let section = if name == "default" { name.clone() } else { format!("profile {name}") };
    let found = [credentials.get(&name), config.get(&section)];
    if found.iter().all(Option::is_none) {
        return match named {
            Some(name) if keys => {
                Err(Trouble::Address(format!("AWS_PROFILE names {name:?}, which no file of profiles has")))
            }
            _ => Ok(builder),
        };
    }
    let value = |key: &str| found.iter().flatten().find_map(|section| section.get(key)).cloned();
    let asks_elsewhere = ["sso_session", "sso_start_url", "credential_process", "role_arn"];
    if keys
        && value("aws_access_key_id").is_none()
        && let Some(way) = asks_elsewhere.iter().find(|key| value(key).is_some())
    {
        return Err(Trouble::Address(format!(
            "the profile {name:?} gets its credentials by `{way}`, which is not done here: run \
             `eval \"$(aws configure export-credentials --profile {name} --format env)\"` first"
        )));
    }
    let mut settings =
        vec![(AmazonS3ConfigKey::Region, value("region")), (AmazonS3ConfigKey::Endpoint, value("endpoint_url"))];
    if keys {
        settings.push((AmazonS3ConfigKey::AccessKeyId, value("aws_access_key_id")));
        settings.push((AmazonS3ConfigKey::SecretAccessKey, value("aws_secret_access_key")));
        settings.push((AmazonS3ConfigKey::Token, value("aws_session_token")));
    }
    Ok(settings.into_iter().fold(builder, |builder, (key, value)| match value {
        Some(value) if builder.get_config_value(&key).is_none() => builder.with_config(key, value),
        _ => builder,
    }))
}

/// What the file says, if there is one.
fn file(variable: &str, name: &str) -> Sections {
    let path = env::var_os(variable).map(PathBuf::from).or_else(|| {
        let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE"))?;
        Some(PathBuf::from(home).join(".aws").join(name))
    });
    let small = |path: &PathBuf| path.metadata().is_ok_and(|found| found.is_file() && found.len() <= LONGEST);
    path.filter(small)
        .and_then(|path| std::fs::read_to_string(path).ok())
        .map_or_else(Sections::new, |text| parse(&text))
}

fn parse(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut current = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            current = name.split_whitespace().collect::<Vec<_>>().join(" ");
        } else if let Some((key, value)) = trimmed.split_once('=').filter(|_| !trimmed.starts_with(['#', ';']))
            // What is indented belongs to the key above it.
            && !line.starts_with([' ', '\t'])
        {
            sections
                .entry(current.clone())
                .or_default()
                .insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_read_as_amazons_tools_do() {
        let text =
            "# mine\n[default]\naws_access_key_id = A\n[profile  work]\nregion=eu-west-1\ns3 =\n  endpoint = no\n";
        let sections = parse(text);
        assert_eq!(sections["default"]["aws_access_key_id"], "A");
        assert_eq!(sections["profile work"]["region"], "eu-west-1");
        assert!(!sections["profile work"].contains_key("endpoint"));
    }
}
