//! The repository that files go to, made where it is not there.

use serde::Deserialize;
use serde_json::json;

use super::target::{JSON, UploadTarget};
use crate::error::HubError;
use crate::http::RequestError;
use crate::hub::Hub;
use crate::repo::{RepoId, check_revision};

/// What the Hub says of a repository that was made, or was there.
#[derive(Deserialize)]
struct CreatedRepo {
    /// Its page, `https://huggingface.co/owner/name`.
    url: String,
}

impl Hub {
    /// Makes sure that the model repository exists. `private`: for a new one; `None` is the owner's default. Without an
    /// owner in `id`, it is the token's. Then that it has the branch `revision`, which is not made.
    ///
    /// # Errors
    /// [`HubError::BadRepoId`], [`HubError::RevisionNotFound`], or [`HubError::Upload`] where the token may not, or nobody
    /// answers.
    pub fn create_model(&self, id: &str, private: Option<bool>, revision: &str) -> Result<RepoId, HubError> {
        let repo = self.create(RepoId::model(id)?, private)?;
        if revision != "main" {
            check_revision(&repo, revision)?;
            self.session.remote.revision_info(&repo, revision)?;
        }
        Ok(repo)
    }

    fn create(&self, repo: RepoId, private: Option<bool>) -> Result<RepoId, HubError> {
        let id = repo.id();
        let target = UploadTarget { session: &self.session, repo: &repo, revision: "main" };
        target.check()?;
        let (owner, name) = id.split_once('/').map_or((None, id), |(owner, name)| (Some(owner), name));
        let mut body = json!({"name": name, "organization": owner, "type": "model"});
        if let Some(private) = private {
            body["visibility"] = json!(if private { "private" } else { "public" });
        }
        let url = format!("{}/api/repos/create", self.session.config.endpoint);
        let created: Result<CreatedRepo, _> =
            target.post("make the repository", &url, JSON, body.to_string().as_bytes());
        match created {
            Ok(created) => created_repo(&target, &created.url),
            // It is there already, and the answer says so.
            Err((RequestError::Status { status: 409, body, .. }, _))
                if serde_json::from_slice::<CreatedRepo>(&body).is_ok() =>
            {
                created_repo(
                    &target,
                    &serde_json::from_slice::<CreatedRepo>(&body).map(|it| it.url).unwrap_or_default(),
                )
            }
            // A token for one repository may not make any, though that one is there.
            Err((RequestError::Status { status: 401..=403, .. }, _))
                if owner.is_some() && self.session.remote.revision_info(&repo, "main").is_ok() =>
            {
                Ok(repo)
            }
            Err((error, tries)) => Err(target.error("make the repository", error, tries)),
        }
    }
}

/// The repository of an address such as `https://huggingface.co/owner/name`, which must be the one that was asked for.
fn created_repo(target: &UploadTarget<'_>, url: &str) -> Result<RepoId, HubError> {
    let asked = target.repo.id();
    let mut parts = url.trim_end_matches('/').rsplit('/');
    let id = parts.next().zip(parts.next()).map(|(name, owner)| format!("{owner}/{name}"));
    match id.filter(|id| id == asked || id.ends_with(&format!("/{asked}"))) {
        Some(id) => RepoId::model(&id),
        None => {
            let error = RequestError::BadResponse(format!("it made \"{}\"", url.escape_debug()));
            Err(target.error("make the repository", error, 1))
        }
    }
}
