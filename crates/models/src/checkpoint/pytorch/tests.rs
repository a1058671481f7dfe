use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../run-glue/tests/fixtures/logits");
    std::fs::read(folder.join(name).join("pytorch_model.bin")).unwrap()
}

fn open(bytes: &[u8]) -> Result<PytorchFile, CheckpointError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pytorch_model.bin");
    std::fs::write(&path, bytes).unwrap();
    PytorchFile::open(&path)
}

fn message(bytes: &[u8]) -> String {
    open(bytes).err().expect("an error").to_string()
}

/// `torch.CLASS` with `len` elements under key `key`, as opcodes.
fn storage(class: &str, key: &str, len: u8, view: &str) -> Vec<u8> {
    let mut bytes = b"(U\x07storage".to_vec();
    bytes.extend(format!("ctorch\n{class}\nU{}{key}U\x03cpuK{}{view}tQ", key.len() as u8 as char, len as char).bytes());
    bytes
}

/// Entry of a dictionary: a tensor of one storage, by opcodes of offset, sizes and strides.
fn tensor(name: char, storage: &[u8], place: &[u8]) -> Vec<u8> {
    let mut bytes = format!("U\x01{name}ctorch._utils\n_rebuild_tensor_v2\n(").into_bytes();
    bytes.extend_from_slice(storage);
    bytes.extend_from_slice(place);
    bytes.extend_from_slice(b"\x89}tR");
    bytes
}

/// A file without zip whose object is what the opcodes make.
fn legacy(object: &[u8], storages: &[(&str, u64, Vec<u8>)]) -> Vec<u8> {
    let mut bytes =
        b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02".to_vec();
    bytes.extend_from_slice(object);
    bytes.extend_from_slice(b".\x80\x02](");
    for (key, _, _) in storages {
        bytes.extend(format!("U{}{key}", key.len() as u8 as char).bytes());
    }
    bytes.extend_from_slice(b"e.");
    for (_, count, data) in storages {
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(data);
    }
    bytes
}

fn dictionary(entries: &[Vec<u8>]) -> Vec<u8> {
    [b"}(".as_slice(), &entries.concat(), b"u"].concat()
}

fn floats(n: u8) -> Vec<u8> {
    (0..n).flat_map(|i| f32::from(i).to_le_bytes()).collect()
}

#[test]
fn any_layout_of_a_shared_storage() {
    let shared = storage("FloatStorage", "7", 6, "");
    let view = storage("FloatStorage", "7", 6, "(U\x01vK\x02K\x03t");
    let object = dictionary(&[
        tensor('a', &shared, b"K\x00K\x02K\x03\x86K\x03K\x01\x86"),
        tensor('b', &shared, b"K\x00K\x03K\x02\x86K\x01K\x03\x86"),
        tensor('c', &shared, b"K\x01K\x02\x85K\x02\x85"),
        tensor('d', &shared, b"K\x04))"),
        tensor('e', &shared, b"K\x03K\x02K\x02\x86K\x00K\x01\x86"),
        tensor('f', &shared, b"K\x00K\x00K\x05\x86K\x05K\x01\x86"),
        tensor('g', &view, b"K\x01K\x02\x85K\x01\x85"),
        tensor('h', &shared, b"K\x00K\x01K\x02K\x03\x87K\x7fK\x01K\x02\x87"),
    ]);
    let file = open(&legacy(&object, &[("7", 6, floats(6))])).unwrap();
    let read = |name: &str| (file.shape(name).unwrap(), file.read(name).unwrap());
    assert_eq!(read("a"), (vec![2, 3], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(read("b"), (vec![3, 2], vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
    assert_eq!(read("c"), (vec![2], vec![1.0, 3.0]));
    assert_eq!(read("d"), (vec![], vec![4.0]));
    assert_eq!(read("e"), (vec![2, 2], vec![3.0, 4.0, 3.0, 4.0]));
    assert_eq!(read("f"), (vec![0, 5], vec![]));
    assert_eq!(read("g"), (vec![2], vec![3.0, 4.0]));
    assert_eq!(read("h"), (vec![1, 2, 3], vec![0.0, 2.0, 4.0, 1.0, 3.0, 5.0]));
    assert!(file.read("z").is_err());
}

#[test]
fn a_tensor_beyond_its_storage_is_an_error() {
    let shared = storage("FloatStorage", "7", 6, "");
    let beyond: [&[u8]; 5] = [
        b"K\x01K\x06\x85K\x01\x85",
        b"K\x00K\x02K\x03\x86K\x04K\x01\x86",
        b"K\x06))",
        b"K\x00\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85K\x03\x85",
        b"K\x00J\xff\xff\xff\xff\x85K\x01\x85",
    ];
    for place in beyond {
        assert!(open(&legacy(&dictionary(&[tensor('a', &shared, place)]), &[("7", 6, floats(6))])).is_err());
    }
    let view = storage("FloatStorage", "7", 6, "(U\x01vK\x02K\x03t");
    let object = dictionary(&[tensor('a', &view, b"K\x01K\x03\x85K\x01\x85")]);
    assert!(message(&legacy(&object, &[("7", 6, floats(6))])).contains("`a` reaches beyond its storage"));
    // Two bytes of a length can claim any size.
    let object = dictionary(&[tensor('a', &shared, b"K\x00\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85K\x00\x85")]);
    let file = open(&legacy(&object, &[("7", 6, floats(6))])).unwrap();
    assert!(file.read("a").unwrap_err().to_string().contains("larger than the file"));
    let object = dictionary(&[tensor('a', &shared, b"K\x00K\x06\x85K\x01\x85")]);
    assert!(message(&legacy(&object, &[("7", u64::MAX / 4, floats(6))])).contains("cut off"));
}

#[test]
fn element_types() {
    let types = ["HalfStorage", "BFloat16Storage", "DoubleStorage", "LongStorage", "BoolStorage"];
    let entries: Vec<_> = ('a'..)
        .zip(types)
        .map(|(name, class)| tensor(name, &storage(class, &name.to_string(), 1, "N"), b"K\x00K\x01\x85K\x01\x85"))
        .collect();
    let storages = [
        ("a", 1, half::f16::from_f32(1.5).to_le_bytes().to_vec()),
        ("b", 1, half::bf16::from_f32(-2.5).to_le_bytes().to_vec()),
        ("c", 1, 0.1f64.to_le_bytes().to_vec()),
        ("d", 1, vec![1; 8]),
        ("e", 1, vec![1]),
    ];
    let file = open(&legacy(&dictionary(&entries), &storages)).unwrap();
    assert_eq!(file.read("a").unwrap(), [1.5]);
    assert_eq!(file.read("b").unwrap(), [-2.5]);
    assert_eq!(file.read("c").unwrap(), [0.1]);
    assert_eq!(file.shape("d"), Some(vec![1]));
    for (name, dtype) in [("d", "I64"), ("e", "BOOL")] {
        let error = file.read(name).unwrap_err();
        assert!(matches!(&error, CheckpointError::ElementType { dtype: d, .. } if d == dtype), "{error}");
    }
}

#[test]
fn a_dictionary_under_state_dict_or_of_python_2() {
    let entry = tensor('a', &storage("FloatStorage", "0", 1, ""), b"K\x00K\x01\x85K\x01\x85");
    let storages = [("0", 1, floats(1))];
    // The dictionary is set under another key first, and recalled from the memo.
    let inner = [b"U\x05model}q\x05(".as_slice(), &entry, b"uU\x05epochK\x03U\x0astate_dicth\x05"].concat();
    let python_2 = [b"ccollections\nOrderedDict\n](](".as_slice(), &entry, b"ee\x85R"].concat();
    for object in [dictionary(&[inner]), python_2] {
        let file = open(&legacy(&object, &storages)).unwrap();
        assert_eq!(file.names(), ["a"]);
        assert_eq!(file.read("a").unwrap(), [0.0]);
    }
}

#[test]
fn a_dictionary_among_what_a_training_program_saves() {
    let storages = [("0", 1, floats(1))];
    let entry = |name: u8| tensor(char::from(name), &storage("FloatStorage", "0", 1, ""), b"K\x00K\x01\x85K\x01\x85");
    // {"args": argparse.Namespace(), "model": {"a": ..}} and the like; a number of numpy's is made of two calls.
    let scalar = b"cnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\nU\x02f8\x85RU\x01xtR".as_slice();
    let namespace = b"cargparse\nNamespace\n)R}b".as_slice();
    for (key, beside) in [("model", scalar), ("model_state_dict", namespace), ("state_dict", scalar)] {
        let mut inner = [b"U\x04args".as_slice(), beside, b"U"].concat();
        inner.push(u8::try_from(key.len()).unwrap());
        inner.extend([key.as_bytes(), b"}(", &entry(b'a'), b"u"].concat());
        let file = open(&legacy(&dictionary(&[inner]), &storages)).unwrap();
        assert_eq!(file.names(), ["a"], "{key}");
        assert_eq!(file.read("a").unwrap(), [0.0], "{key}");
    }
}

#[test]
fn foreign_names_are_refused() {
    for call in ["cos\nsystem\n", "U\x02osU\x06system\u{13}"] {
        let call: Vec<u8> = call.bytes().map(|b| if b == 0x13 { 0x93 } else { b }).collect();
        let object = [&call, b"U\x04true\x85R".as_slice()].concat();
        let error = message(&legacy(&object, &[]));
        assert!(error.contains("pytorch_model.bin is not a whole PyTorch file: it asks for `os.system`"), "{error}");
    }
    for object in
        ["ctorch\nload\n", "ctorch._utils\n_rebuild_qtensor\n", "cbuiltins\neval\n", "ctorch\nUntypedStorage\n"]
    {
        assert!(message(&legacy(object.as_bytes(), &[])).contains("is not run"), "{object}");
    }
}

#[test]
fn nesting_and_repetition_are_harmless() {
    let deep = [b")".to_vec(), vec![0x85; 1_000_000]].concat();
    assert!(message(&legacy(&deep, &[])).contains("no dictionary"));
    // Each tuple holds the last one twice: 2^200 leaves.
    let wide = [b")q\x00".to_vec(), b"h\x00h\x00\x86q\x00".repeat(200)].concat();
    assert!(message(&legacy(&wide, &[])).contains("no dictionary"));
}

#[test]
fn a_file_that_is_cut_off_is_an_error() {
    for name in ["loading_bin", "loading_bin_legacy", "loading_pretraining_bin", "loading_gamma_beta_bin"] {
        let whole = fixture(name);
        for cut in (0..whole.len()).step_by(97).chain([whole.len() - 1]) {
            let error = message(&whole[..cut]);
            assert!(error.contains("pytorch_model.bin is not a whole PyTorch file"), "{name} cut at {cut}: {error}");
        }
        assert!(!open(&whole).unwrap().names().is_empty());
    }
}

#[test]
fn damaged_bytes_never_panic() {
    for name in ["loading_bin", "loading_bin_legacy"] {
        let mut bytes = fixture(name);
        // The pickles, and the directory at the end of an archive.
        for at in (0..6000).step_by(7).chain(bytes.len() - 3000..bytes.len()) {
            for flip in [0x55, 0xff] {
                bytes[at] ^= flip;
                if let Ok(tensors) = tensors(&bytes) {
                    tensors.values().filter(|t| t.count() <= bytes.len()).for_each(|t| drop(t.values(&bytes)));
                }
                bytes[at] ^= flip;
            }
        }
    }
}

#[test]
fn an_archive_with_64_bit_places() {
    // torch writes such records only beyond 4 GiB: here the usual ones are rewritten.
    let mut bytes = fixture("loading_bin");
    let end = bytes.len() - 22;
    let number = |at: usize, n: usize| bytes[at..at + n].iter().rev().fold(0u64, |v, &b| (v << 8) | u64::from(b));
    let (count, directory) = (number(end + 10, 2), number(end + 16, 4));
    let mut records = Vec::new();
    let mut at = directory as usize;
    for _ in 0..count {
        let [name, extra] = [28, 30].map(|field| number(at + field, 2) as usize);
        let places = [24, 20, 42].map(|field| number(at + field, 4).to_le_bytes());
        let mut record = bytes[at..at + 46 + name].to_vec();
        for field in [20, 24, 42] {
            record[field..field + 4].fill(0xff);
        }
        record[30..32].copy_from_slice(&34u16.to_le_bytes());
        record.extend_from_slice(b"\x99\x99\x02\x00??\x01\x00\x18\x00");
        record.extend(places.concat());
        records.extend(record);
        at += 46 + name + extra;
    }
    bytes.truncate(directory as usize);
    let record = (bytes.len() + records.len()) as u64;
    bytes.extend(records);
    bytes.extend_from_slice(b"PK\x06\x06");
    bytes.extend([44u64.to_le_bytes(), [0; 8]].concat());
    bytes.extend(([0u8; 4], ()).0);
    bytes.extend([count, count, 0, directory].map(u64::to_le_bytes).concat());
    bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
    bytes.extend(record.to_le_bytes());
    bytes.extend_from_slice(b"\x01\0\0\0PK\x05\x06\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0");
    let (file, usual) = (open(&bytes).unwrap(), open(&fixture("loading_bin")).unwrap());
    assert_eq!(file.names(), usual.names());
    assert!(file.names().iter().all(|name| file.read(name).unwrap() == usual.read(name).unwrap()));
    // The end of the address space as a place.
    let locator = bytes.len() - 22 - 20;
    bytes[locator + 8..locator + 16].fill(0xff);
    assert!(open(&bytes).is_err());
}
