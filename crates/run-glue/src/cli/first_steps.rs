//! What `run-glue` says when nothing is typed behind it.

/// Three commands to start with.
pub const FIRST_STEPS: &str = "\
The GLUE benchmark runner: run_glue.py's numbers, without Python.

  run-glue demo                                          try it: nine miniature tasks, no network
  run-glue --task rte --model bert-base-cased            train and evaluate one model on one task
  run-glue --task all --model A --model B --seeds 5      compare models on the whole benchmark

run-glue -h lists the usual flags, run-glue --help all flags and commands.
";
