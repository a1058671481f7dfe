//! How far the axes of charts go.

use super::record;
use crate::compare::{Comparison, figures};

#[test]
fn the_axis_of_scores_ends_where_scores_do() {
    // Two seeds that lie apart: Student's interval is 25 times as wide as they are.
    for (task, labels, other) in [("rte", ["0", "100"], "-100"), ("cola", ["-100", "100"], "150")] {
        let found = [record("m", task, 1, Some(0.3)), record("m", task, 2, Some(0.7))];
        let comparison = Comparison::new(&found, &[], None, 0.95).unwrap();
        let folder = tempfile::tempdir().unwrap();
        figures::write(&comparison, folder.path()).unwrap();
        for name in [format!("scores-{task}.svg"), "cost.svg".to_owned()] {
            let svg = std::fs::read_to_string(folder.path().join(&name)).unwrap();
            for label in labels {
                assert!(svg.contains(&format!(">\n{label}</text>")), "{name} {label}: {svg}");
            }
            assert!(!svg.contains(&format!(">\n{other}</text>")) && !svg.contains(">\n200</text>"), "{name}: {svg}");
        }
    }
}
