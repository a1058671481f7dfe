//! Which Hub, which cache, which token: read from the environment as Python's huggingface_hub reads it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::HubError;
use crate::retry::RetryPolicy;

/// The public Hub, unless `HF_ENDPOINT` says otherwise.
const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// Everything about the Hub that depends on the machine or the person.
#[derive(Clone)]
pub struct HubConfig {
    /// Address of the Hub, without a `/` at its end.
    pub endpoint: String,
    /// The folder that holds `models--…` and `datasets--…`.
    pub cache_dir: PathBuf,
    /// What to show to the Hub for private and gated repositories. It is sent to the endpoint and nowhere else.
    pub token: Option<String>,
    /// Where the network may not be used: what forbids it, such as `HF_HUB_OFFLINE=1`, for messages.
    pub offline: Option<String>,
    /// How often and how patiently requests are tried again.
    pub retry: RetryPolicy,
}

/// What a caller says itself, as by flags; each wins over the environment.
#[derive(Clone, Default)]
pub struct Overrides {
    /// See [`HubConfig::cache_dir`].
    pub cache_dir: Option<PathBuf>,
    /// See [`HubConfig::token`].
    pub token: Option<String>,
    /// See [`HubConfig::endpoint`].
    pub endpoint: Option<String>,
    /// What forbids the network, as the person wrote it: `--offline`.
    pub offline: Option<String>,
}

impl HubConfig {
    /// Reads the environment through `lookup`: `HF_ENDPOINT`, `HF_HOME`, `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`,
    /// `XDG_CACHE_HOME`, `HF_TOKEN`, `HUGGING_FACE_HUB_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`,
    /// `HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`. A variable that is set and empty counts as not set.
    ///
    /// # Errors
    /// [`HubError::BadSetting`] when a value cannot be used, or there is no home folder to put the cache in.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, HubError> {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let home = get("HOME").or_else(|| get("USERPROFILE")).map(PathBuf::from);
        let folder = |name: &str| get(name).map(|value| expand_home(&value, home.as_deref()));

        let hf_home = folder("HF_HOME")
            .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("huggingface")))
            .or_else(|| home.as_ref().map(|home| home.join(".cache/huggingface")));
        let cache_dir = folder("HF_HUB_CACHE")
            .or_else(|| folder("HUGGINGFACE_HUB_CACHE"))
            .or_else(|| hf_home.as_ref().map(|home| home.join("hub")))
            .ok_or_else(|| HubError::BadSetting {
                name: "HF_HOME".to_owned(),
                why: "it is not set, and there is no home folder (HOME) to put the cache in".to_owned(),
            })?;

        let token = if get("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_true(&value)) {
            None
        } else {
            let file = folder("HF_TOKEN_PATH").or_else(|| hf_home.map(|home| home.join("token")));
            // An unreadable token file is no reason to fail: most repositories need no token.
            get("HF_TOKEN")
                .or_else(|| get("HUGGING_FACE_HUB_TOKEN"))
                .or_else(|| file.and_then(|file| std::fs::read_to_string(file).ok()))
        };

        let offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]
            .into_iter()
            .find_map(|name| get(name).filter(|value| is_true(value)).map(|value| format!("{name}={value}")));

        Self {
            endpoint: get("HF_ENDPOINT").unwrap_or_else(|| DEFAULT_ENDPOINT.to_owned()),
            cache_dir,
            token,
            offline,
            retry: RetryPolicy::default(),
        }
        .checked()
    }

    /// The same with what flags say.
    ///
    /// # Errors
    /// [`HubError::BadSetting`] when a value cannot be used.
    pub fn with(mut self, overrides: Overrides) -> Result<Self, HubError> {
        self.cache_dir = overrides.cache_dir.unwrap_or(self.cache_dir);
        self.endpoint = overrides.endpoint.unwrap_or(self.endpoint);
        self.token = overrides.token.or(self.token);
        self.offline = overrides.offline.or(self.offline);
        self.checked()
    }

    /// Trims what people leave around values, and refuses what would fail later with a worse message.
    pub(crate) fn checked(mut self) -> Result<Self, HubError> {
        let bad = |name: &str, why: String| Err(HubError::BadSetting { name: name.to_owned(), why });
        self.endpoint.truncate(self.endpoint.trim_end().trim_end_matches('/').len());
        self.endpoint = self.endpoint.trim_start().to_owned();
        let host = ["https://", "http://"].into_iter().find_map(|scheme| self.endpoint.strip_prefix(scheme));
        if host.is_none_or(str::is_empty) || !self.endpoint.parse::<ureq::http::Uri>().is_ok_and(|u| u.host().is_some())
        {
            return bad("HF_ENDPOINT", format!("\"{}\" is no http:// or https:// address", self.endpoint));
        }
        self.token = self.token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        if self.token.as_ref().is_some_and(|token| !token.bytes().all(|b| b.is_ascii_graphic())) {
            return bad("The Hub token", "it has a space, a line break or a non-ASCII character in it".to_owned());
        }
        self.retry.attempts = self.retry.attempts.max(1);
        Ok(self)
    }
}

/// The token is left out: a configuration may end up in a log.
impl fmt::Debug for HubConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubConfig")
            .field("endpoint", &self.endpoint)
            .field("cache_dir", &self.cache_dir)
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("offline", &self.offline)
            .field("retry", &self.retry)
            .finish()
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("cache_dir", &self.cache_dir)
            .field("token", &self.token.as_ref().map(|_| "(hidden)"))
            .field("endpoint", &self.endpoint)
            .field("offline", &self.offline)
            .finish()
    }
}

fn is_true(value: &str) -> bool {
    matches!(value.trim().to_ascii_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

fn expand_home(value: &str, home: Option<&Path>) -> PathBuf {
    match (value.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_path_buf(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<HubConfig, HubError> {
        HubConfig::from_env(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_usual_machine() {
        let config = read(&[("HOME", "/home/p")]).unwrap();
        assert_eq!(config.endpoint, DEFAULT_ENDPOINT);
        assert_eq!(config.cache_dir, Path::new("/home/p/.cache/huggingface/hub"));
        assert_eq!((config.token, config.offline), (None, None));
    }

    #[test]
    fn cache_folders_in_pythons_order() {
        let mut variables = vec![("HOME", "/h"), ("XDG_CACHE_HOME", "/x")];
        let mut expect = |more: Option<(&'static str, &'static str)>, path: &str| {
            variables.extend(more);
            assert_eq!(read(&variables).unwrap().cache_dir, Path::new(path));
        };
        expect(None, "/x/huggingface/hub");
        expect(Some(("HF_HOME", "~/hf")), "/h/hf/hub");
        expect(Some(("HUGGINGFACE_HUB_CACHE", "/old")), "/old");
        expect(Some(("HF_HUB_CACHE", "/new")), "/new");
    }

    #[test]
    fn no_home_is_said() {
        assert!(read(&[]).unwrap_err().to_string().contains("HF_HOME"));
        assert!(read(&[("HF_HUB_CACHE", "/c")]).is_ok());
    }

    #[test]
    fn tokens() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_str().unwrap();
        std::fs::write(home.path().join("token"), "hf_file\n").unwrap();
        std::fs::write(home.path().join("other"), "hf_other\n").unwrap();
        let other = home.path().join("other");
        let token = |more: &[(&str, &str)]| {
            let mut variables = vec![("HF_HOME", path)];
            variables.extend(more);
            read(&variables).unwrap().token
        };
        assert_eq!(token(&[]).unwrap(), "hf_file");
        assert_eq!(token(&[("HF_TOKEN_PATH", other.to_str().unwrap())]).unwrap(), "hf_other");
        assert_eq!(token(&[("HF_TOKEN", " hf_env ")]).unwrap(), "hf_env");
        assert_eq!(token(&[("HF_TOKEN", "hf_env"), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
    }

    #[test]
    fn a_token_is_never_shown() {
        let config = read(&[("HOME", "/h"), ("HF_TOKEN", "hf_secret")]).unwrap();
        assert!(!format!("{config:?}").contains("hf_secret"));
        let error = read(&[("HOME", "/h"), ("HF_TOKEN", "hf_secret\nx")]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hf_secret"));
    }

    #[test]
    fn offline_in_any_case_and_its_name() {
        for value in ["1", "on", "Yes", "TRUE"] {
            assert!(read(&[("HOME", "/h"), ("HF_HUB_OFFLINE", value)]).unwrap().offline.is_some());
        }
        for value in ["0", "off", "", "no"] {
            assert!(read(&[("HOME", "/h"), ("HF_HUB_OFFLINE", value)]).unwrap().offline.is_none());
        }
        let config = read(&[("HOME", "/h"), ("TRANSFORMERS_OFFLINE", "1")]).unwrap();
        assert_eq!(config.offline.unwrap(), "TRANSFORMERS_OFFLINE=1");
    }

    #[test]
    fn endpoints() {
        let endpoint = |value| read(&[("HOME", "/h"), ("HF_ENDPOINT", value)]);
        assert_eq!(endpoint("http://127.0.0.1:80/").unwrap().endpoint, "http://127.0.0.1:80");
        assert_eq!(endpoint(" https://mirror/x ").unwrap().endpoint, "https://mirror/x");
        for value in ["mirror", "ftp://mirror", "https://", "http://a b"] {
            assert!(endpoint(value).unwrap_err().to_string().contains("HF_ENDPOINT"), "{value}");
        }
    }

    #[test]
    fn flags_win() {
        let flags = Overrides {
            cache_dir: Some("/flag".into()),
            token: Some("hf_flag".to_owned()),
            endpoint: Some("http://flag/".to_owned()),
            offline: Some("--offline".to_owned()),
        };
        let config = read(&[("HOME", "/h"), ("HF_TOKEN", "hf_env")]).unwrap().with(flags).unwrap();
        assert_eq!(config.cache_dir, Path::new("/flag"));
        assert_eq!((config.token.as_deref(), config.endpoint.as_str()), (Some("hf_flag"), "http://flag"));
        assert_eq!(config.offline.as_deref(), Some("--offline"));
    }
}
