//! Event files of TensorBoard: records of `Event` messages.
//!
//! The messages are three deep and have ten fields in all, so they are written here field by field, after
//! <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto> and `summary.proto`;
//! encoding: <https://protobuf.dev/programming-guides/encoding/>.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use records::metrics::Metrics;

/// An open event file.
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// A new file in `folder`, which is made where it is not there.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn create(folder: &Path, host: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let now = seconds_now();
        let name = format!("events.out.tfevents.{}.{host}.{}.0", now as u64, std::process::id());
        let path = folder.join(name);
        let mut this = Self { file: File::create(&path)?, path };
        // Field 3 of Event: file_version.
        this.write(&event(now, 0, &bytes_field(3, b"brain.Event:2")))?;
        Ok(this)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the numbers of a log row under transformers' tags (`integrations.rewrite_logs`): `train/loss`, `eval/accuracy`.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn scalars(&mut self, row: &Metrics) -> io::Result<()> {
        let step = row.get("step").and_then(|step| step.as_f64()).unwrap_or(0.0) as u64;
        let mut summary = Vec::new();
        for (key, value) in row.iter().filter(|(key, _)| *key != "step") {
            let Some(value) = value.as_f64() else { continue };
            let tag = match key.strip_prefix("eval_") {
                Some(name) => format!("eval/{name}"),
                None => format!("train/{key}"),
            };
            let mut one = bytes_field(1, tag.as_bytes());
            // Field 2 of Value: simple_value, a float.
            one.push(2 << 3 | 5);
            one.extend((value as f32).to_le_bytes());
            summary.extend(bytes_field(1, &one));
        }
        self.write(&event(seconds_now(), step, &bytes_field(5, &summary)))
    }

    /// Writes a text, as `SummaryWriter.add_text` does.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn text(&mut self, tag: &str, text: &str) -> io::Result<()> {
        let plugin = bytes_field(1, &bytes_field(1, b"text"));
        // TensorProto: dtype DT_STRING (7), a shape of one, the string.
        let mut tensor = vec![1 << 3, 7];
        tensor.extend(bytes_field(2, &bytes_field(2, &[1 << 3, 1])));
        tensor.extend(bytes_field(8, text.as_bytes()));
        let mut value = bytes_field(1, format!("{tag}/text_summary").as_bytes());
        value.extend(bytes_field(8, &tensor));
        value.extend(bytes_field(9, &plugin));
        self.write(&event(seconds_now(), 0, &bytes_field(5, &bytes_field(1, &value))))
    }

    /// A record: length, its checksum, content, its checksum.
    fn write(&mut self, content: &[u8]) -> io::Result<()> {
        let length = (content.len() as u64).to_le_bytes();
        let mut record = length.to_vec();
        record.extend(masked_crc(&length).to_le_bytes());
        record.extend(content);
        record.extend(masked_crc(content).to_le_bytes());
        self.file.write_all(&record)
    }
}

fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Event: wall_time (1), step (2), and one field more.
fn event(wall_time: f64, step: u64, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1 << 3 | 1];
    bytes.extend(wall_time.to_le_bytes());
    bytes.push(2 << 3);
    bytes.extend(varint(step));
    bytes.extend(rest);
    bytes
}

/// A field of bytes, text or a message.
fn bytes_field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    bytes.extend(varint(content.len() as u64));
    bytes.extend(content);
    bytes
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// The checksum of a record, see `masked_crc32c` of
/// <https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details>.
fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_framed_and_tags_are_those_of_transformers() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = EventFile::create(folder.path(), "host").expect("a file");
        let row = Metrics::from([
            ("loss".to_owned(), 0.5.into()),
            ("eval_accuracy".to_owned(), 0.25.into()),
            ("step".to_owned(), 300u64.into()),
        ]);
        file.scalars(&row).expect("written");
        file.text("args", "{}").expect("written");
        let bytes = std::fs::read(file.path()).expect("read");
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().expect("8 bytes")) as usize;
            assert_eq!(rest[8..12], masked_crc(&rest[..8]).to_le_bytes());
            records.push(&rest[12..12 + length]);
            assert_eq!(rest[12 + length..16 + length], masked_crc(&rest[12..12 + length]).to_le_bytes());
            rest = &rest[16 + length..];
        }
        assert_eq!(records.len(), 3);
        let has = |record: &[u8], text: &[u8]| record.windows(text.len()).any(|part| part == text);
        assert!(has(records[0], b"brain.Event:2"));
        assert!(has(records[1], b"train/loss") && has(records[1], b"eval/accuracy"));
        // 300 as a varint behind the step's tag.
        assert!(has(records[1], &[2 << 3, 0xac, 0x02]));
        assert!(has(records[2], b"args/text_summary"));
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // RFC 3720, B.4: CRC-32C of 32 zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }
}
