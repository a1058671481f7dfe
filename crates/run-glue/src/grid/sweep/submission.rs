//! The leaderboard's files, once all tasks have theirs.

use records::files::submission;
use trainer::error::Error;
use trainer::settings::Settings;

/// The leaderboard's zip, where it was asked for and the folder has all files of it by now.
pub(super) fn submit(settings: &Settings) -> Result<(), Error> {
    let Some(dir) = settings.places.output_dir.as_deref().filter(|_| settings.places.glue_submission) else {
        return Ok(());
    };
    let found = submission::find(&[dir.to_owned()])?;
    let missing = submission::missing(&found);
    if missing.is_empty() {
        let zip = dir.join(submission::ZIP_NAME);
        submission::write_zip(&found, &zip)?;
        log::info!("{}: {} files, all checked", zip.display(), found.len());
    } else {
        log::info!("the leaderboard wants {} too; when all are there: run-glue submission DIR...", missing.join(", "));
    }
    Ok(())
}
