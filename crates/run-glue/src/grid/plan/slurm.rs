//! A batch script with a job array: <https://slurm.schedmd.com/job_array.html>

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::cluster_plan::ClusterPlan;
use super::shell_words::{line, program};
use crate::grid::shell_word::quoted;
use trainer::error::Error;

/// So long before the time limit a run is told to save; of short limits a quarter.
const NOTICE_SECONDS: u64 = 120;
/// So often a part is queued again after its time limit; a limit too short for one step would else go on for ever.
const MOST_RESTARTS: usize = 100;

impl ClusterPlan<'_> {
    /// # Errors
    /// When a path or a file of it cannot be had.
    pub(super) fn slurm(&self) -> Result<String, Error> {
        let options = self.options;
        let here = absolute(Path::new("."))?;
        let results = absolute(&self.results_dir)?;
        let script =
            options.output.as_deref().map_or_else(|| "THIS_FILE".to_owned(), |path| path.display().to_string());
        let table =
            [results.display().to_string(), "--output".into(), results.join("comparison.md").display().to_string()];
        let table = format!("{} compare {}", program(options), line(&table));
        let mut text = format!(
            "#!/bin/bash\n# {} runs of {} in {} parts. To submit it, and a table of the results when all are done:\n\
             {}#   sbatch --dependency=afterok:$job --wrap {}\n\
             # Submitted once more, it does the runs that are left.\n",
            self.runs,
            one_line(&options.grid.display().to_string()),
            self.parts,
            self.submissions(&one_line(&quoted(&script))),
            one_line(&quoted(&table)),
        );
        let estimated = [("time", self.limits.estimated.0), ("memory", self.limits.estimated.1)];
        let estimated: Vec<_> = estimated.into_iter().filter(|(_, is)| *is).map(|(what, _)| what).collect();
        if !estimated.is_empty() {
            let results = one_line(&self.results_dir.display().to_string());
            let _ = writeln!(text, "# Limits of {}: estimated from the runs in {results}.", estimated.join(" and "));
        }
        for option in self.sbatch_options(&here)? {
            let _ = writeln!(text, "#SBATCH {option}");
        }
        if let Some(file) = &options.header {
            let header = std::fs::read_to_string(file);
            let header = header.map_err(|error| Error::input(format!("--header {}: {error}", file.display())))?;
            let _ = writeln!(text, "\n{}", header.trim_end());
        }
        if let Some(cpus) = self.limits.cpus {
            let _ = writeln!(text, "\nexport RAYON_NUM_THREADS={cpus}");
        }
        let words = [absolute(&options.grid)?.display().to_string()].into_iter().chain(options.flags.iter().cloned());
        let command = format!("{} {} --shard auto/{}", program(options), line(&words.collect::<Vec<_>>()), self.parts);
        text.push('\n');
        text.push_str(&if self.saves { goes_on(&command) } else { format!("exec {command}\n") });
        Ok(text)
    }

    /// The lines that submit it. Where runs begin from others, these are an array of their own, which the others wait for; those whose run
    /// failed say so.
    fn submissions(&self, script: &str) -> String {
        let mut text = String::new();
        let mut first = 0;
        for &count in self.stages.iter().filter(|count| **count > 0) {
            let options = match (first, count == self.parts) {
                (_, true) => String::new(),
                (0, _) => format!("--array={} ", self.array(first, count)),
                _ => format!("--array={} --dependency=afterany:$job ", self.array(first, count)),
            };
            let _ = writeln!(text, "#   job=$(sbatch --parsable {options}{script})");
            first += count;
        }
        text
    }

    /// So many tasks of an array, of which as many go on at once as were asked for.
    fn array(&self, first: usize, count: usize) -> String {
        let workers = self.options.workers.map_or_else(String::new, |workers| format!("%{workers}"));
        format!("{first}-{}{workers}", first + count - 1)
    }

    /// Those that were typed last: of an option that stands twice the later one counts.
    fn sbatch_options(&self, here: &Path) -> Result<Vec<String>, Error> {
        let options = self.options;
        let mut sbatch = vec![
            format!("--job-name={}", self.name),
            format!("--array={}", self.array(0, self.parts)),
            // The grid's paths are of this folder.
            format!("--chdir={}", option_value(&here.display().to_string())?),
            // A part whose node is lost is queued again, and its output goes on in the same file.
            "--requeue".to_owned(),
            "--open-mode=append".to_owned(),
            "--ntasks=1".to_owned(),
        ];
        if let Some(logs) = &options.logs {
            let logs = absolute(logs)?;
            // Slurm makes no folder: the job would fail without a word.
            std::fs::create_dir_all(&logs)
                .map_err(|error| Error::input(format!("--logs {}: {error}", logs.display())))?;
            let name = format!("{}/{}-%A_%a.out", logs.display().to_string().replace('%', "%%"), self.name);
            sbatch.push(format!("--output={}", option_value(&name)?));
        }
        let limits = &self.limits;
        sbatch.extend(limits.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
        sbatch.extend(limits.memory.map(|memory| format!("--mem={memory}M")));
        sbatch.extend(limits.gpus.map(|gpus| format!("--gres=gpu:{gpus}")));
        sbatch.extend(limits.seconds.map(|seconds| format!("--time={}", time(seconds))));
        if self.saves {
            let notice = limits.seconds.map_or(NOTICE_SECONDS, |seconds| NOTICE_SECONDS.min(seconds / 4));
            sbatch.push(format!("--signal=B:USR1@{}", notice.max(1)));
        }
        for option in &options.sbatch_arg {
            if option.trim().is_empty() || option.contains(char::is_control) {
                return Err(Error::usage(format!("--sbatch_arg {option:?}: expected an option such as partition=gpu")));
            }
            sbatch.push(match option.split_once('=') {
                _ if option.starts_with('-') => option.clone(),
                Some((name, value)) => format!("--{name}={}", option_value(value)?),
                None => format!("--{option}"),
            });
        }
        Ok(sbatch)
    }
}

/// The command, with what makes a run go on that meets its time limit. Slurm then sends USR1 to the script alone, which passes
/// it on as TERM: run-glue saves after its step and ends with 130. When a job is cancelled or makes room for another one, Slurm
/// sends TERM to all of its processes; a script that ended at that would take run-glue with it.
fn goes_on(command: &str) -> String {
    format!(
        "# Before its time limit the run is saved and queued again, and goes on from there.\n\
         limit=\n\
         trap 'limit=1; kill -TERM \"$worker\"' USR1\n\
         # Slurm sends TERM to the run too; the script waits for it.\n\
         trap : TERM\n\
         {command} &\n\
         worker=$!\n\
         code=0\n\
         wait \"$worker\" || code=$?\n\
         # A signal ends the waiting, not the run.\n\
         while kill -0 \"$worker\" 2>/dev/null; do code=0; wait \"$worker\" || code=$?; done\n\
         if [ -n \"$limit\" ] && [ \"$code\" -ge 128 ] && [ \"${{SLURM_RESTART_COUNT:-0}}\" -lt {MOST_RESTARTS} ]; then\n  \
           scontrol requeue \"$SLURM_JOB_ID\"\n\
         fi\n\
         exit \"$code\"\n"
    )
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    // `.` at its end would stay.
    let path = if path == Path::new(".") { std::env::current_dir() } else { std::path::absolute(path) };
    path.map_err(|error| Error::input(format!("the folder where this runs: {error}")))
}

/// The value of an option in a line of `#SBATCH`, where double quotes hold words together.
fn option_value(text: &str) -> Result<String, Error> {
    if text.contains(['"', '\\', '\n']) {
        return Err(Error::usage(format!(
            "{}: sbatch takes no quotes, backslashes or line breaks there: choose another name or folder",
            text.escape_debug()
        )));
    }
    Ok(if text.contains([' ', '\'', '#', '\t']) { format!("\"{text}\"") } else { text.to_owned() })
}

/// For a comment.
fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// `D-HH:MM:SS`.
fn time(seconds: u64) -> String {
    let (days, rest) = (seconds / 86400, seconds % 86400);
    let clock = format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60);
    if days > 0 { format!("{days}-{clock}") } else { clock }
}
