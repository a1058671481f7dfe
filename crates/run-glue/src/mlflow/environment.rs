//! Which server, which experiment, and how to show who one is: MLflow's environment variables.

use serde_json::{Map, Value};
use trainer::error::Error;

/// What the environment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Environment {
    /// The server's address, without a `/` at its end.
    pub(super) uri: String,
    pub(super) experiment: Experiment,
    /// `Authorization`.
    pub(super) authorization: Option<String>,
    pub(super) run_name: Option<String>,
    /// A run to go on in; of a sweep the one that its runs lie below.
    pub(super) run_id: Option<String>,
    pub(super) tags: Vec<(String, String)>,
    /// Whether checkpoints go to the server too.
    pub(super) log_artifacts: bool,
    pub(super) max_params: Option<usize>,
}

/// Where a run is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Experiment {
    Id(String),
    Name(String),
}

/// Whether the environment names a server, and not a file.
#[must_use]
pub fn is_server_named() -> bool {
    std::env::var("MLFLOW_TRACKING_URI").is_ok_and(|uri| is_http(uri.trim()))
}

/// Finds out whether the environment says where to write.
///
/// # Errors
/// Names the variable that is wrong, and what to do.
pub fn check() -> Result<(), Error> {
    Environment::read().map(drop)
}

fn is_http(uri: &str) -> bool {
    let uri = uri.to_ascii_lowercase();
    uri.starts_with("http://") || uri.starts_with("https://")
}

impl Environment {
    pub(super) fn read() -> Result<Self, Error> {
        Self::of(|name| std::env::var(name).ok())
    }

    /// # Errors
    /// Names the variable that is wrong.
    pub(super) fn of(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let get = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let uri = server(get("MLFLOW_TRACKING_URI"))?;
        let experiment = match (get("MLFLOW_EXPERIMENT_NAME"), get("MLFLOW_EXPERIMENT_ID")) {
            (Some(name), _) => Experiment::Name(name),
            (None, Some(id)) => Experiment::Id(id),
            // The experiment `Default` of every server.
            (None, None) => Experiment::Id("0".to_owned()),
        };
        let authorization = authorization(
            get("MLFLOW_TRACKING_USERNAME"),
            get("MLFLOW_TRACKING_PASSWORD"),
            get("MLFLOW_TRACKING_TOKEN"),
        )?;
        let is_true = |name: &str| {
            get(name).is_some_and(|value| ["1", "ON", "YES", "TRUE"].contains(&value.to_uppercase().as_str()))
        };
        Ok(Self {
            uri,
            experiment,
            authorization,
            run_name: get("MLFLOW_RUN_NAME"),
            run_id: get("MLFLOW_RUN_ID"),
            tags: get("MLFLOW_TAGS").map_or_else(|| Ok(Vec::new()), |text| tags(&text))?,
            log_artifacts: is_true("HF_MLFLOW_LOG_ARTIFACTS"),
            max_params: get("MLFLOW_MAX_LOG_PARAMS").and_then(|number| number.parse().ok()),
        })
    }
}

fn server(uri: Option<String>) -> Result<String, Error> {
    const START: &str = "start one by `mlflow server --port 5000` and set MLFLOW_TRACKING_URI=http://127.0.0.1:5000";
    let Some(uri) = uri else {
        return Err(Error::usage(format!(
            "--report_to mlflow writes to an MLflow server, and MLFLOW_TRACKING_URI names none: {START}"
        )));
    };
    if !is_http(&uri) {
        let is = match uri.split_once(':').map(|(scheme, _)| scheme) {
            Some("databricks" | "databricks-uc") => "a workspace of Databricks, which takes an account of theirs",
            Some("sqlite" | "postgresql" | "mysql" | "mssql") => {
                "a database, which MLflow's own package alone may write"
            }
            _ => "no address of a server",
        };
        // A database's address may have a password in it.
        let shown = uri.split_once(':').map_or(uri.as_str(), |(scheme, _)| scheme);
        return Err(Error::usage(format!(
            "--report_to mlflow writes to an MLflow server by http or https, and MLFLOW_TRACKING_URI ({shown}: ...) is {is}: \
             {START}; a server over the same store is started by --backend-store-uri"
        )));
    }
    let host = uri.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    if host.is_empty() {
        return Err(Error::usage(format!("MLFLOW_TRACKING_URI={uri} names no host: {START}")));
    }
    if host.contains('@') {
        return Err(Error::usage(
            "MLFLOW_TRACKING_URI has a name or a password in it, which messages would show: give them by \
             MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
        ));
    }
    Ok(uri.trim_end_matches('/').to_owned())
}

fn authorization(
    user: Option<String>,
    password: Option<String>,
    token: Option<String>,
) -> Result<Option<String>, Error> {
    let header = match (user, password, token) {
        (Some(user), password, _) => {
            Some(format!("Basic {}", base64(format!("{user}:{}", password.unwrap_or_default()).as_bytes())))
        }
        (None, _, Some(token)) => Some(format!("Bearer {token}")),
        (None, _, None) => None,
    };
    match header {
        Some(header) if !header.bytes().all(|byte| (b' '..0x7f).contains(&byte)) => {
            Err(Error::usage("MLFLOW_TRACKING_TOKEN has characters that no token has"))
        }
        header => Ok(header),
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn tags(text: &str) -> Result<Vec<(String, String)>, Error> {
    let tags: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
        Error::usage(format!(
            "MLFLOW_TAGS is no JSON object ({error}); expected one such as {{\"release\": \"2.2.0\"}}"
        ))
    })?;
    let in_words = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(tags.into_iter().map(|(name, value)| (name, in_words(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, String> {
        let of = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Environment::of(of).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_are_taken_and_files_are_refused_with_what_to_do() {
        let of = |uri| read(&[("MLFLOW_TRACKING_URI", uri)]);
        assert_eq!(of(" https://host/below/ ").unwrap().uri, "https://host/below");
        let cases = [
            ("", "names none"),
            ("sqlite:///x.db", "a database"),
            ("postgresql://me:secret@host/db", "a database"),
            ("databricks", "no address"),
            ("databricks://profile", "Databricks"),
            ("file:///runs", "no address"),
            ("./mlruns", "no address"),
            ("http://", "names no host"),
            ("http://me:secret@host", "MLFLOW_TRACKING_PASSWORD"),
        ];
        for (uri, part) in cases {
            let error = of(uri).unwrap_err();
            assert!(error.contains(part) && !error.contains("secret"), "{uri}: {error}");
        }
    }

    #[test]
    fn names_tokens_and_tags() {
        let uri = ("MLFLOW_TRACKING_URI", "http://host");
        let usual = read(&[uri]).unwrap();
        assert_eq!((usual.experiment, usual.authorization), (Experiment::Id("0".to_owned()), None));
        let named = read(&[
            uri,
            ("MLFLOW_EXPERIMENT_NAME", "glue"),
            ("MLFLOW_TRACKING_USERNAME", "Aladdin"),
            ("MLFLOW_TRACKING_PASSWORD", "open sesame"),
            ("MLFLOW_TAGS", "{\"a\": \"b\", \"n\": 1}"),
            ("HF_MLFLOW_LOG_ARTIFACTS", "true"),
        ]);
        let named = named.unwrap();
        assert_eq!(named.experiment, Experiment::Name("glue".to_owned()));
        // The example of RFC 7617.
        assert_eq!(named.authorization.as_deref(), Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert_eq!(named.tags, [("a".to_owned(), "b".to_owned()), ("n".to_owned(), "1".to_owned())]);
        assert!(named.log_artifacts);
        assert_eq!(read(&[uri, ("MLFLOW_TRACKING_TOKEN", "t")]).unwrap().authorization.as_deref(), Some("Bearer t"));
        assert!(read(&[uri, ("MLFLOW_TRACKING_TOKEN", "t\nx")]).unwrap_err().contains("MLFLOW_TRACKING_TOKEN"));
        assert!(read(&[uri, ("MLFLOW_TAGS", "a=b")]).unwrap_err().contains("MLFLOW_TAGS is no JSON object"));
    }
}
