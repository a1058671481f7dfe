//! Which part of the runs is this worker's.

use trainer::error::Error;

/// Part `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Environment variables with a worker's number.
/// <https://slurm.schedmd.com/job_array.html>, <https://kubernetes.io/docs/concepts/workloads/controllers/job/>
const WORKERS: [&str; 2] = [SLURM, "JOB_COMPLETION_INDEX"];
const SLURM: &str = "SLURM_ARRAY_TASK_ID";

impl Shard {
    /// `I/N`, `auto/N` or `auto`, the latter from the environment, which `variable` looks up.
    ///
    /// # Errors
    /// When it is none of these, or the environment does not say it.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let wrong = |what: String| Error::usage(format!("--shard {text}: {what}"));
        let number = |name: &str| {
            let Some(value) = variable(name) else { return Ok(None) };
            value.parse::<usize>().map(Some).map_err(|_| wrong(format!("{name} is {value}, expected a whole number")))
        };
        let (index, count) = text.split_once('/').map_or((text, None), |(index, count)| (index, Some(count)));
        let given = match count.map(str::parse::<usize>) {
            None => None,
            Some(Ok(count)) if count > 0 => Some(count),
            Some(_) => return Err(wrong("expected I/N such as 0/4, auto/N, or auto".to_owned())),
        };
        let (index, found) = if index == "auto" {
            let mut worker = None;
            for name in WORKERS {
                worker = number(name)?.map(|id| (name, id));
                if worker.is_some() {
                    break;
                }
            }
            match worker {
                None => {
                    let names = WORKERS.join(" nor ");
                    return Err(wrong(format!("neither {names} is set: give the number itself, such as 0/4")));
                }
                // The whole array is meant, of whatever numbers.
                Some((SLURM, id)) if given.is_none() => {
                    let [first, last, step, all] =
                        ["MIN", "MAX", "STEP", "COUNT"].map(|what| number(&format!("SLURM_ARRAY_TASK_{what}")));
                    let (first, step, all) = (first?.unwrap_or(0), step?.unwrap_or(1).max(1), all?);
                    let gaps =
                        |all: usize| last.is_ok_and(|last| last.is_some_and(|last| last != first + (all - 1) * step));
                    if all.is_some_and(|all| all > 0 && gaps(all)) {
                        return Err(wrong("the array has gaps, so its tasks are no parts: give auto/N".to_owned()));
                    }
                    (id.saturating_sub(first) / step, all)
                }
                // Part `id` of N, also where only some tasks of the array are done once more.
                Some((_, id)) => (id, None),
            }
        } else {
            let index = index.parse().map_err(|_| wrong("expected I/N such as 0/4, auto/N, or auto".to_owned()))?;
            (index, None)
        };
        let count = given.or(found).ok_or_else(|| wrong("how many parts are there? Give auto/N".to_owned()))?;
        if index >= count {
            return Err(wrong(format!("part {index} of {count}, expected 0 to {}", count - 1)));
        }
        Ok(Self { index, count })
    }

    /// Whether the run at `place` of the whole list is this worker's.
    #[must_use]
    pub fn has(&self, place: usize) -> bool {
        place % self.count == self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, environment: &[(&str, &str)]) -> Result<(usize, usize), String> {
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Shard::parse(text, variable).map(|shard| (shard.index, shard.count)).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_come_from_the_flag_or_the_environment() {
        let slurm = [("SLURM_ARRAY_TASK_ID", "7"), ("SLURM_ARRAY_TASK_MIN", "5"), ("SLURM_ARRAY_TASK_COUNT", "4")];
        assert_eq!(parse("0/3", &[]), Ok((0, 3)));
        assert_eq!(parse("auto", &slurm), Ok((2, 4)));
        // Some tasks of an array of twelve, once more.
        assert_eq!(parse("auto/12", &slurm), Ok((7, 12)));
        let steps = [("ID", "15"), ("MIN", "5"), ("MAX", "20"), ("STEP", "5"), ("COUNT", "4")];
        let steps = steps.map(|(what, value)| (format!("SLURM_ARRAY_TASK_{what}"), value));
        let steps = steps.each_ref().map(|(name, value)| (name.as_str(), *value));
        assert_eq!(parse("auto", &steps), Ok((2, 4)));
        let gaps = [slurm[0], slurm[1], ("SLURM_ARRAY_TASK_MAX", "11"), slurm[2]];
        assert!(parse("auto", &gaps).unwrap_err().contains("the array has gaps"));
        assert_eq!(parse("auto/12", &gaps), Ok((7, 12)));
        assert!(parse("auto/7", &slurm).unwrap_err().contains("part 7 of 7, expected 0 to 6"));
        assert_eq!(parse("auto/6", &[("JOB_COMPLETION_INDEX", "5")]), Ok((5, 6)));
        for (text, environment, part) in [
            ("3/3", &[][..], "expected 0 to 2"),
            ("1", &[], "how many parts"),
            ("1/0", &[], "I/N"),
            ("x/2", &[], "I/N"),
            ("auto", &[], "SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX is set"),
            ("auto", &[("JOB_COMPLETION_INDEX", "5")], "auto/N"),
            ("auto", &[("SLURM_ARRAY_TASK_ID", "a")], "SLURM_ARRAY_TASK_ID is a"),
        ] {
            let error = parse(text, environment).unwrap_err();
            assert!(error.contains(part) && error.contains("--shard"), "{text}: {error}");
        }
    }

    #[test]
    fn every_run_is_in_one_part() {
        for place in 0..20 {
            let owners = (0..3).filter(|&index| Shard { index, count: 3 }.has(place)).count();
            assert_eq!(owners, 1);
        }
    }
}
