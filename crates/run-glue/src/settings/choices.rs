//! Settings that are one of several named values.

/// A setting that is one of several values, each with the name that people write.
pub trait Choice: Copy + PartialEq + Send + Sync + 'static {
    /// The values by their names; of a value with several names the first is its own, the others are taken too.
    const NAMES: &'static [(&'static str, Self)];

    /// The value's own name.
    #[must_use]
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, value)| *value == self).map_or("", |(name, _)| name)
    }

    /// The names that stand for a value of its own, in their order.
    #[must_use]
    fn own_names() -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(name, value)| value.name() == *name).map(|(name, _)| *name).collect()
    }
}

/// The value that is called `name`.
///
/// # Errors
/// Says which names there are.
pub fn named<T: Choice>(name: &str) -> Result<T, String> {
    let found = T::NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| format!("expected one of {}", T::own_names().join(", ")))
}
