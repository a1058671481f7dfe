//! Classes of data and of a model, by their names.

/// Of each name its place among `own`, whatever their order; `None` where the two are not the same names, each once. By their spelling first: `No`
/// and `NO` may be two classes.
pub(super) fn order_of(names: &[String], own: &[String]) -> Option<Vec<usize>> {
    let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect::<Vec<_>>();
    places(names, own).or_else(|| places(&lower(names), &lower(own)))
}

fn places(names: &[String], own: &[String]) -> Option<Vec<usize>> {
    let order: Option<Vec<usize>> = names.iter().map(|name| own.iter().position(|own| own == name)).collect();
    let order = order.filter(|order| order.len() == own.len())?;
    let mut places = order.clone();
    places.sort_unstable();
    places.into_iter().eq(0..own.len()).then_some(order)
}
