//! What must hold of metrics and scores whatever the numbers are.

use glue_tasks::metrics::{Average, ConfusionMatrix, accuracy, matthews, mse, pearson, precision_recall_f1, spearman};
use glue_tasks::{GLUE, benchmark_score};
use proptest::collection::vec;
use proptest::prelude::*;

fn class_pairs(classes: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    vec((0..classes, 0..classes), 1..60)
}

/// Pairs of numbers of moderate size, some of them tied.
fn number_pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    let number = || prop_oneof![-100.0..100.0, (-4_i32..4).prop_map(f64::from)];
    vec((number(), number()), 2..40)
}

fn shuffled<T: Clone + std::fmt::Debug>(
    pairs: impl Strategy<Value = Vec<T>>,
) -> impl Strategy<Value = (Vec<T>, Vec<T>)> {
    pairs.prop_flat_map(|pairs| (Just(pairs.clone()), Just(pairs).prop_shuffle()))
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan())
}

fn spread(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |spread: f64, value| spread.max((value - values[0]).abs()))
}

#[test]
fn what_is_all_right_has_a_correlation_of_one() {
    for classes in [vec![0, 2, 3], (0..7).collect(), vec![0, 1, 1, 1, 2, 5]] {
        assert_eq!(matthews(&classes, &classes), Ok(1.0), "{classes:?}");
    }
}

proptest! {
    #[test]
    fn order_of_rows_does_not_matter((one, other) in shuffled(class_pairs(4))) {
        let ((p, r), (q, s)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) =
            (one.into_iter().unzip(), other.into_iter().unzip());
        prop_assert_eq!(accuracy(&p, &r), accuracy(&q, &s));
        prop_assert_eq!(matthews(&p, &r), matthews(&q, &s));
        for average in [Average::Macro, Average::Micro] {
            prop_assert_eq!(precision_recall_f1(&p, &r, average), precision_recall_f1(&q, &s, average));
        }
    }

    #[test]
    fn order_of_rows_does_not_matter_for_numbers((one, other) in shuffled(number_pairs())) {
        let ((p, r), (q, s)): ((Vec<_>, Vec<_>), (Vec<_>, Vec<_>)) =
            (one.into_iter().unzip(), other.into_iter().unzip());
        prop_assert!(same(pearson(&p, &r).unwrap(), pearson(&q, &s).unwrap()));
        prop_assert!(same(spearman(&p, &r).unwrap(), spearman(&q, &s).unwrap()));
        let (a, b) = (mse(&p, &r).unwrap(), mse(&q, &s).unwrap());
        prop_assert!((a - b).abs() <= 1e-12 * a);
    }

    #[test]
    fn correlations_are_symmetric(classes in class_pairs(3), numbers in number_pairs()) {
        let (p, r): (Vec<_>, Vec<_>) = classes.into_iter().unzip();
        prop_assert_eq!(matthews(&p, &r), matthews(&r, &p));
        let (x, y): (Vec<_>, Vec<_>) = numbers.into_iter().unzip();
        prop_assert!(same(pearson(&x, &y).unwrap(), pearson(&y, &x).unwrap()));
        prop_assert!(same(spearman(&x, &y).unwrap(), spearman(&y, &x).unwrap()));
    }

    #[test]
    fn values_stay_in_range(classes in class_pairs(4), numbers in number_pairs()) {
        let (p, r): (Vec<_>, Vec<_>) = classes.into_iter().unzip();
        prop_assert!((-1.0..=1.0).contains(&matthews(&p, &r).unwrap()));
        for average in [Average::Macro, Average::Micro] {
            let all = precision_recall_f1(&p, &r, average).unwrap();
            for value in [all.precision, all.recall, all.f1] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
        }
        let (x, y): (Vec<_>, Vec<_>) = numbers.into_iter().unzip();
        for value in [pearson(&x, &y).unwrap(), spearman(&x, &y).unwrap()] {
            prop_assert!(value.is_nan() || (-1.0..=1.0).contains(&value));
        }
        prop_assert!(mse(&x, &y).unwrap() >= 0.0);
    }

    #[test]
    fn pearson_ignores_scale_and_offset(
        pairs in number_pairs(), scale in prop_oneof![0.01..100.0, -100.0..-0.01], offset in -1000.0..1000.0,
    ) {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        // Where the spread drowns in the offset's rounding, the moved column is another one.
        prop_assume!(spread(&x) > 1e-3 && spread(&y) > 1e-3);
        let moved: Vec<f64> = x.iter().map(|value| scale * value + offset).collect();
        let (before, after) = (pearson(&x, &y).unwrap(), pearson(&moved, &y).unwrap());
        prop_assert!((before * f64::signum(scale) - after).abs() < 1e-6, "{before} {after}");
    }

    #[test]
    fn spearman_ignores_any_rising_map(pairs in number_pairs()) {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        // Multiplying by a power of two and cubing small whole numbers keep ties and order exactly.
        let moved: Vec<f64> = x.iter().map(|value| value * 8.0).collect();
        prop_assert!(same(spearman(&x, &y).unwrap(), spearman(&moved, &y).unwrap()));
        let whole: Vec<f64> = x.iter().map(|value| value.round()).collect();
        let cubed: Vec<f64> = whole.iter().map(|value| value.powi(3)).collect();
        prop_assert!(same(spearman(&whole, &y).unwrap(), spearman(&cubed, &y).unwrap()));
    }

    #[test]
    fn a_column_is_perfectly_correlated_with_itself(pairs in number_pairs()) {
        let (x, _): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        prop_assume!(spread(&x) > 0.0);
        prop_assert!((pearson(&x, &x).unwrap() - 1.0).abs() < 1e-12);
        prop_assert!((spearman(&x, &x).unwrap() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn micro_f1_is_accuracy(pairs in class_pairs(5)) {
        let (p, r): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let micro = precision_recall_f1(&p, &r, Average::Micro).unwrap();
        let accuracy = accuracy(&p, &r).unwrap();
        prop_assert!((micro.f1 - accuracy).abs() < 1e-15);
        prop_assert_eq!(micro.precision, micro.recall);
    }

    #[test]
    fn f1_and_matthews_follow_from_the_confusion_matrix(pairs in class_pairs(2)) {
        let (p, r): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let matrix = ConfusionMatrix::of_all(&p, &r, 2).unwrap();
        let cell = |row: usize, column: usize| matrix.counts()[row][column] as f64;
        let (tn, fp, fn_, tp) = (cell(0, 0), cell(0, 1), cell(1, 0), cell(1, 1));
        let or_zero = |value: f64| if value.is_nan() { 0.0 } else { value };
        let (precision, recall) = (or_zero(tp / (tp + fp)), or_zero(tp / (tp + fn_)));
        let binary = precision_recall_f1(&p, &r, Average::Binary).unwrap();
        prop_assert_eq!(binary.precision, precision);
        prop_assert_eq!(binary.recall, recall);
        prop_assert!((binary.f1 - or_zero(2.0 * precision * recall / (precision + recall))).abs() < 1e-12);
        // The two-class formula of https://en.wikipedia.org/wiki/Phi_coefficient.
        let root = ((tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_)).sqrt();
        prop_assert!((matrix.matthews() - or_zero((tp * tn - fp * fn_) / root)).abs() < 1e-12);
    }

    #[test]
    fn renaming_classes_does_not_change_matthews(pairs in class_pairs(3)) {
        let (p, r): (Vec<usize>, Vec<usize>) = pairs.into_iter().unzip();
        let renamed = |classes: &[usize]| classes.iter().map(|class| [7, 0, 3][*class]).collect::<Vec<_>>();
        prop_assert_eq!(matthews(&p, &r), matthews(&renamed(&p), &renamed(&r)));
    }

    #[test]
    fn the_average_lies_between_the_tasks(scores in vec(0.0..100.0_f64, 9), left_out in 0..9_usize) {
        let mut all: Vec<(&str, f64)> =
            GLUE.tasks.iter().map(|task| task.name.as_str()).zip(scores.iter().copied()).collect();
        let (low, high) = scores.iter().fold((f64::MAX, f64::MIN), |(low, high), &s| (low.min(s), high.max(s)));
        for average in benchmark_score(&GLUE, &all).unwrap().averages {
            let average = average.unwrap();
            prop_assert!(low - 1e-9 <= average && average <= high + 1e-9);
        }
        let gone = all.remove(left_out).0;
        let score = benchmark_score(&GLUE, &all).unwrap();
        prop_assert_eq!(&score.missing, &[gone]);
        prop_assert_eq!(score.average(), None);
        prop_assert_eq!(score.averages[1].is_some(), gone == "wnli");
    }
}
