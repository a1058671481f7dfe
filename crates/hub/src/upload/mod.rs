//! Files to a repository of the Hub as one commit, as Python's `HfApi.create_commit` does it: the Hub says of each file
//! whether it goes into git or into the store of large files, the large ones are stored, then one request commits all.
//! <https://github.com/huggingface/huggingface_hub/blob/main/src/huggingface_hub/_commit_api.py>

mod commit;
mod file;
mod lfs;
mod repository;
mod target;

pub use file::UploadFile;
