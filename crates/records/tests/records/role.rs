//! What a run is in a search is not lost where the same run is written again, and a trial takes no run out of the tables.

use std::path::Path;

use crate::record::full;
use records::record::{RunRecord, SearchMark, SearchRole, read_paths};

fn mark(role: SearchRole, optimistic: bool) -> Option<SearchMark> {
    Some(SearchMark { role, id: "0c".repeat(32), chosen_on: "validation".to_owned(), optimistic })
}

fn with(search: Option<SearchMark>) -> RunRecord {
    RunRecord { search, ..full() }
}

fn written(folder: &Path, search: Option<SearchMark>) -> Option<SearchMark> {
    let path = with(search).write(folder).unwrap();
    RunRecord::read(&path).unwrap().search
}

#[test]
fn the_role_that_counts_for_more_stays() {
    let trial = || mark(SearchRole::Trial, true);
    let (chosen, too_good) = (mark(SearchRole::Chosen, false), mark(SearchRole::Chosen, true));
    for (before, now, kept) in [
        (None, trial(), None),
        (trial(), None, None),
        (trial(), chosen.clone(), chosen.clone()),
        (chosen.clone(), None, chosen.clone()),
        (chosen.clone(), trial(), chosen.clone()),
        (too_good.clone(), None, too_good.clone()),
        (too_good.clone(), chosen.clone(), too_good.clone()),
        (chosen.clone(), too_good.clone(), too_good.clone()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), before.clone());
        assert_eq!(written(folder.path(), now.clone()), kept, "{before:?}, then {now:?}");
        // Nor does it count which of two folders has the later one.
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        written(folders[0].path(), before);
        RunRecord { started_at: "2027-01-01T00:00:00Z".to_owned(), ..with(now) }.write(folders[1].path()).unwrap();
        let found = read_paths(&folders.each_ref().map(|folder| folder.path().to_owned())).unwrap().warned();
        assert_eq!(found.into_iter().map(|(_, record)| record.search).collect::<Vec<_>>(), [kept]);
    }
}

#[test]
fn a_run_that_is_chosen_later_gets_its_mark_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = with(None).write(folder.path()).unwrap();
    // What a later version adds.
    let text = std::fs::read_to_string(&path).unwrap().replacen('{', "{\n  \"of_later\": [0.1, 1e-7],", 1);
    std::fs::write(&path, &text).unwrap();
    let mut record = RunRecord::read(&path).unwrap();
    let chosen = mark(SearchRole::Chosen, true);
    assert!(record.mark(&path, chosen.as_ref().unwrap()).unwrap());
    assert_eq!(record.search, chosen);
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let mut now = value(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(now["search"]["role"], "chosen");
    now.as_object_mut().unwrap().shift_remove("search");
    assert_eq!(now, value(&text));
    // A search that was fairer, or only tried it, says nothing new.
    for other in [mark(SearchRole::Chosen, false), mark(SearchRole::Trial, true)] {
        assert!(!record.mark(&path, other.as_ref().unwrap()).unwrap());
    }
    assert_eq!(RunRecord::read(&path).unwrap().search, chosen);
}
