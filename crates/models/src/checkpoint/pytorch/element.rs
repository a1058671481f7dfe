//! Elements of storages: their names and sizes, and those that are floats.

/// The elements of a class of storages.
#[derive(Debug)]
pub(super) struct Element {
    class: &'static str,
    /// As safetensors calls it.
    pub(super) name: &'static str,
    /// Of one element.
    pub(super) bytes: usize,
    /// How it becomes an f32; `None` for what is no float.
    pub(super) float: Option<Float>,
}

/// The floats of storages, little-endian.
#[derive(Clone, Copy, Debug)]
pub(super) enum Float {
    F32,
    F16,
    BF16,
    F64,
}

const fn element(class: &'static str, name: &'static str, bytes: usize, float: Option<Float>) -> Element {
    Element { class, name, bytes, float }
}

/// Every class that torch has saved under its own name; only floats are read.
const ELEMENTS: &[Element] = &[
    element("FloatStorage", "F32", 4, Some(Float::F32)),
    element("HalfStorage", "F16", 2, Some(Float::F16)),
    element("BFloat16Storage", "BF16", 2, Some(Float::BF16)),
    element("DoubleStorage", "F64", 8, Some(Float::F64)),
    element("LongStorage", "I64", 8, None),
    element("IntStorage", "I32", 4, None),
    element("ShortStorage", "I16", 2, None),
    element("CharStorage", "I8", 1, None),
    element("ByteStorage", "U8", 1, None),
    element("BoolStorage", "BOOL", 1, None),
    element("ComplexFloatStorage", "C64", 8, None),
    element("ComplexDoubleStorage", "C128", 16, None),
    element("QInt8Storage", "QI8", 1, None),
    element("QUInt8Storage", "QU8", 1, None),
    element("QInt32Storage", "QI32", 4, None),
];

/// The elements of `torch.CLASS`.
pub(super) fn of_class(class: &str) -> Option<&'static Element> {
    ELEMENTS.iter().find(|element| element.class == class)
}
