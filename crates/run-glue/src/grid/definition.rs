//! What is to be run.

use super::combination::Combination;
use super::one_record;
use super::options::SweepOptions;
use super::repeat::Repeated;
use super::run_spec::{BeginsFrom, Role, RunSpec, Several};
use super::search::Search;
use super::settings_factory::SettingsFactory;
use super::shard::Shard;
use records::record::InitSeed;
use trainer::error::Error;

/// What a grid is made of.
pub struct GridParts {
    /// Runs without a search, each with every seed.
    pub asked: Vec<Combination>,
    /// Searches, whose chosen settings are run with every seed.
    pub searches: Vec<Search>,
    /// Seeds, at least one.
    pub seeds: Vec<u64>,
    /// What there are several of.
    pub several: Several,
    /// How it is run.
    pub options: SweepOptions,
    /// Settings that were filled in where none were asked for, in words, a line each.
    pub filled_in: Vec<String>,
    /// The part of the runs that is this process's; `None`: all.
    pub shard: Option<Shard>,
    /// Makes settings.
    pub factory: Box<dyn SettingsFactory>,
}

/// What is to be run.
pub struct Grid {
    /// The runs that are known before any of them has run, seeds outermost, so that a part of them is a table already; of
    /// searches the first trials.
    pub specs: Vec<RunSpec>,
    pub(super) searches: Vec<Search>,
    pub(super) options: SweepOptions,
    pub(super) several: Several,
    pub(super) filled_in: Vec<String>,
    pub(super) seeds: Vec<u64>,
    pub(super) shard: Option<Shard>,
    /// The first time of the run, where it is one that is made again.
    pub(super) repeats: Option<Repeated>,
    factory: Box<dyn SettingsFactory>,
}

impl Grid {
    /// Makes the settings of every run, and so checks them.
    ///
    /// # Errors
    /// Names the first setting that is wrong, what was expected, and what to do.
    pub fn new(parts: GridParts) -> Result<Self, Error> {
        let GridParts { asked, searches, seeds, several, options, filled_in, shard, factory } = parts;
        let mut this =
            Self { specs: Vec::new(), searches, options, several, filled_in, seeds, shard, repeats: None, factory };
        this.add_searches()?;
        this.add_asked(&asked)?;
        one_record::check(&this.specs)?;
        Ok(this)
    }

    /// The same runs, the first of which is held against the record of its first time.
    #[must_use]
    pub fn repeating(self, repeated: Repeated) -> Self {
        Self { repeats: Some(repeated), ..self }
    }

    fn add_searches(&mut self) -> Result<(), Error> {
        for search in 0..self.searches.len() {
            self.specs.extend(self.first_trials(search)?);
            // What is wrong with the runs of the chosen setting shows before any trial.
            for &seed in self.seeds.iter().take(1) {
                self.chosen_spec(search, 0, seed)?;
            }
        }
        Ok(())
    }

    /// Runs that begin where others ended come after those in each seed, and in the numbers of the parts after all of them.
    fn add_asked(&mut self, combinations: &[Combination]) -> Result<(), Error> {
        let mut by_depth: Vec<(usize, &Combination)> = Vec::new();
        for combination in combinations {
            by_depth.push((self.depth(combination)?, combination));
        }
        by_depth.sort_by_key(|(depth, _)| *depth);
        let first = self.specs.len();
        for &seed in &self.seeds {
            for (_, combination) in &by_depth {
                self.specs.push(self.asked_spec(combination, seed, 0)?);
            }
        }
        let mut order: Vec<usize> = (first..self.specs.len()).collect();
        order.sort_by_key(|&at| self.specs[at].depth());
        for (place, at) in order.into_iter().enumerate() {
            self.specs[at].part = self.searches.len() + place;
        }
        Ok(())
    }

    /// How many runs stand before those of a combination.
    fn depth(&self, combination: &Combination) -> Result<usize, Error> {
        self.factory.begins_from(combination)?.map_or(Ok(0), |before| Ok(1 + self.depth(&before)?))
    }

    /// Of the parts those that must be over before others begin: how many there are of each depth.
    pub(super) fn stages(&self) -> Vec<usize> {
        let mut stages = vec![self.searches.len()];
        for spec in self.specs.iter().filter(|spec| spec.role == Role::Asked) {
            stages.resize(stages.len().max(spec.depth() + 1), 0);
            stages[spec.depth()] += 1;
        }
        stages
    }

    /// Whether there is one run, and there could be no more.
    pub(super) fn is_single(&self) -> bool {
        self.several.is_single_run()
    }

    /// In how many parts the runs can be done apart from each other: a run that was asked for is one, and so is a search
    /// with all that follows from it.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.searches.len() + self.specs.iter().filter(|spec| spec.role == Role::Asked).count()
    }

    fn asked_spec(&self, combination: &Combination, seed: u64, part: usize) -> Result<RunSpec, Error> {
        let settings = self.factory.settings(combination, seed, &[])?;
        let which = settings.model.init_from.as_ref().map(|from| from.which);
        let mut spec = RunSpec::new(settings, combination, Role::Asked, &combination.label, self.several, part);
        if let Some((which, before)) = which.zip(self.factory.begins_from(combination)?) {
            let seeds = match which {
                InitSeed::Same => vec![seed],
                InitSeed::Best => self.seeds.clone(),
            };
            spec.begins_from = Some(BeginsFrom { depth: self.depth(combination)?, combination: before, which, seeds });
        }
        Ok(spec)
    }

    /// A trial's run.
    pub(super) fn trial_spec(&self, search: usize, rung: usize, trial: usize) -> Result<RunSpec, Error> {
        let of = &self.searches[search];
        let settings = of.trial_settings(&*self.factory, rung, trial)?;
        let role = Role::Trial { search, rung, trial };
        let label = of.trial_label(rung, trial);
        Ok(RunSpec::new(settings, of.combination(), role, &label, self.several, search))
    }

    /// All trials of the first rung.
    fn first_trials(&self, search: usize) -> Result<Vec<RunSpec>, Error> {
        (0..self.searches[search].len()).map(|trial| self.trial_spec(search, 0, trial)).collect()
    }

    /// A run of a trial's setting, once that is chosen.
    pub(super) fn chosen_spec(&self, search: usize, trial: usize, seed: u64) -> Result<RunSpec, Error> {
        let of = &self.searches[search];
        let settings = of.chosen_settings(&*self.factory, trial, seed)?;
        let combination = of.combination();
        let role = Role::Chosen { search, trial };
        Ok(RunSpec::new(settings, combination, role, &combination.label, self.several, search))
    }

    /// The same run with another seed.
    pub(super) fn with_seed(&self, spec: &RunSpec, seed: u64) -> Result<RunSpec, Error> {
        match spec.role {
            Role::Chosen { search, trial } => self.chosen_spec(search, trial, seed),
            Role::Asked | Role::Trial { .. } => self.asked_spec(&spec.combination, seed, spec.part),
        }
    }

    /// A seed that is nobody's: number `again` after those that were asked for.
    pub(super) fn spare_seed(&self, again: usize) -> u64 {
        let last = self.seeds.iter().max().copied().unwrap_or_default();
        let free = |seed: &u64| self.searches.iter().all(|search| search.seed() != *seed);
        (last + 1..).filter(free).nth(again).unwrap_or(last)
    }
}
