//! Many runs in one: models x tasks x seeds, and searches for the settings of them.

mod claim;
mod disk;
mod done;
mod duration;
mod ending;
mod file;
mod outlook;
mod page;
pub mod plan;
mod recipe;
mod search;
pub mod shard;
mod sweep;
mod view;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use glue_tasks::task::TaskSpec;

use self::search::Search;
use self::search::space::Axis;
use self::shard::Shard;
pub use self::sweep::run;
use crate::cli::args::RunArgs;
use crate::cli::grid_args::{GridArgs, RecipeChoice, Seeds};
use crate::cli::settings::{has_custom_data, tasks};
use crate::demo;
use crate::error::Error;
use crate::report::record::RunRecord;
use crate::report::record_path::slug;
use crate::settings::{ModelChoice, Settings, request_hash};

/// The seed where none is given, as in transformers.
const FIRST_SEED: u64 = 42;

/// Runs that differ by nothing but their seed and what a search tries.
#[derive(Clone, Debug)]
struct Place {
    point: usize,
    model: Option<String>,
    task: Option<&'static TaskSpec>,
}

/// What a run is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It was asked for.
    Asked,
    /// A search tries a setting.
    Trial { search: usize, rung: usize, trial: usize },
    /// It has the setting that a search chose.
    Chosen { search: usize, trial: usize },
}
/// Of several runs, the share of the steps from one row of the log to the next where no flag says otherwise: their page shows
/// learning curves, and the usual 500 steps are more than small tasks have.
const LOG_SHARE: f64 = 0.1;

/// One run of a grid.
#[derive(Clone)]
pub struct Cell {
    /// Of this run alone.
    pub settings: Settings,
    request: String,
    place: Place,
    role: Role,
    /// By what its settings differ from the others'.
    label: String,
    /// For people: what there are several of.
    name: String,
    /// The part of the whole that it belongs to, for `--shard`.
    part: usize,
}

impl Cell {
    fn new(settings: Settings, place: &Place, role: Role, label: &str, several: Axes) -> Self {
        let request = request_hash(&settings, settings.task.name);
        let is_trial = matches!(role, Role::Trial { .. });
        let mut this = Self {
            request,
            settings,
            place: place.clone(),
            role,
            label: label.to_owned(),
            name: String::new(),
            part: 0,
        };
        let model = several.models.then(|| this.model());
        let task = (several.tasks || !several.models && !several.seeds && label.is_empty())
            .then(|| this.task().name.to_owned());
        let label = (!label.is_empty()).then(|| label.to_owned());
        let seed = (several.seeds && !is_trial).then(|| format!("seed {}", this.seed()));
        this.name = [model, task, label, seed].into_iter().flatten().collect::<Vec<_>>().join(", ");
        this
    }

    fn task(&self) -> &'static TaskSpec {
        self.settings.task
    }

    fn seed(&self) -> u64 {
        self.settings.training.seed
    }

    fn model(&self) -> String {
        match &self.settings.model.choice {
            ModelChoice::Folder(folder) => folder.display().to_string(),
            ModelChoice::Hub { id, .. } => id.clone(),
            ModelChoice::Embedded => demo::MODEL.to_owned(),
        }
    }

    /// Whether a record is of the same settings and seed. A trial's record is none of a run that was asked for: it would not
    /// be in the tables.
    fn is_of(&self, record: &RunRecord) -> bool {
        record.request_hash.as_ref() == Some(&self.request)
            && record.seed == self.seed()
            && (matches!(self.role, Role::Trial { .. }) || !record.is_trial())
    }

    fn has_model_of(&self, record: &RunRecord) -> bool {
        record.model.id == self.model()
    }

    /// A name for files.
    fn key(&self) -> String {
        format!("{}-{}-seed-{}", self.task().name, &self.request[..self.request.len().min(16)], self.seed())
    }
}

/// What is to be run.
pub struct Grid {
    /// The runs that are known before any of them has run, seeds outermost, so that a part of them is a table already; of
    /// searches the first trials.
    pub cells: Vec<Cell>,
    points: Vec<Point>,
    searches: Vec<Search>,
    options: GridArgs,
    embedded: bool,
    several: Axes,
    recipe: bool,
    seeds: Vec<u64>,
    shard: Option<Shard>,
}

/// What there are several of.
#[derive(Clone, Copy, Debug)]
struct Axes {
    models: bool,
    tasks: bool,
    seeds: bool,
    points: bool,
    trials: bool,
}

impl Axes {
    fn is_lone(self) -> bool {
        !(self.models || self.tasks || self.seeds || self.points || self.trials)
    }
}

/// One choice of settings.
struct Point {
    args: RunArgs,
    tasks: Scope,
    /// By what it differs from the others.
    label: String,
    /// What is searched, besides the flag that says it.
    space: Vec<Axis>,
}

/// Which tasks a choice of settings is for.
enum Scope {
    /// All but those that have settings of their own.
    AllBut(BTreeSet<String>),
    /// One that has.
    Only(String),
}

impl Point {
    fn is_for(&self, task: Option<&TaskSpec>) -> bool {
        match (&self.tasks, task) {
            (Scope::AllBut(_), None) => true,
            (Scope::Only(_), None) => false,
            (Scope::AllBut(others), Some(task)) => !others.contains(task.name),
            (Scope::Only(own), Some(task)) => own == task.name,
        }
    }
}

impl Grid {
    /// Checks the flags of every run.
    ///
    /// # Errors
    /// Names the first flag that is wrong, what was expected, and what to do.
    pub fn new(args: RunArgs, embedded: bool) -> Result<Self, Error> {
        let tasks = Scope::AllBut(BTreeSet::new());
        Self::of_points(vec![Point { args, tasks, label: String::new(), space: Vec::new() }], embedded)
    }

    /// The runs of a TOML file, with flags beside it.
    ///
    /// # Errors
    /// As [`Self::new`], and what is wrong with the file.
    pub fn from_file(file: &Path, typed: &[OsString]) -> Result<Self, Error> {
        Self::of_points(file::read(file, typed)?, false)
    }

    fn of_points(mut points: Vec<Point>, embedded: bool) -> Result<Self, Error> {
        let nothing = || Error::usage("there is nothing to run");
        let args = points.first().map(|point| point.args.clone()).ok_or_else(nothing)?;
        let tasks = if has_custom_data(&args)? {
            vec![None]
        } else {
            tasks(&args.task_name, embedded)?.into_iter().map(Some).collect()
        };
        points.retain(|point| tasks.iter().any(|task| point.is_for(*task)));
        let mut models: Vec<Option<String>> = Vec::new();
        for model in &args.model_name_or_path {
            if !models.iter().flatten().any(|known| known == model) {
                models.push(Some(model.clone()));
            }
        }
        if models.is_empty() {
            models.push(None);
        }
        let first = args.seed.unwrap_or(FIRST_SEED);
        let seeds = match &args.grid.seeds {
            None => vec![first],
            Some(Seeds::Count(count)) => (first..).take(*count).collect(),
            Some(Seeds::These(_)) if args.seed.is_some() => {
                return Err(Error::usage("--seed and a list of --seeds exclude each other: leave one out"));
            }
            Some(Seeds::These(seeds)) => seeds.clone(),
        };
        let several = Axes {
            models: models.len() > 1,
            tasks: tasks.len() > 1,
            seeds: args.grid.seeds.is_some(),
            points: points.iter().any(|point| !point.label.is_empty()),
            trials: points.iter().any(|point| point.args.search.search.is_some()),
        };
        let options = args.grid.clone();
        check_several(&options, several)?;
        let own = tasks.first().is_some_and(Option::is_none);
        let recipe = !several.is_lone() && !embedded && !own && options.recipe != Some(RecipeChoice::None);
        let shard =
            options.shard.as_deref().map(|text| Shard::parse(text, |name| std::env::var(name).ok())).transpose()?;
        let mut this =
            Self { cells: Vec::new(), points, searches: Vec::new(), options, embedded, several, recipe, seeds, shard };
        let mut places = Vec::new();
        for point in 0..this.points.len() {
            for model in &models {
                let of_point = tasks.iter().filter(|task| this.points[point].is_for(**task));
                places.extend(of_point.map(|&task| Place { point, model: model.clone(), task }));
            }
        }
        this.add_searches(&places)?;
        this.add_asked(&places)?;
        Ok(this)
    }

    fn add_searches(&mut self, places: &[Place]) -> Result<(), Error> {
        for place in places {
            let args = &self.points[place.point].args.search;
            if args.search.is_some() {
                let search = Search::new(self, place)?;
                self.searches.push(search);
            } else if let Some(flag) = args.stray() {
                return Err(Error::usage(format!(
                    "--{flag} is about a search: give --search grid, random or halving too"
                )));
            }
        }
        for search in 0..self.searches.len() {
            self.cells.extend(self.first_trials(search)?);
            // What is wrong with the runs of the chosen setting shows before any trial.
            self.chosen_cell(search, 0, self.seeds[0])?;
        }
        Ok(())
    }

    fn add_asked(&mut self, places: &[Place]) -> Result<(), Error> {
        let mut part = self.searches.len();
        for &seed in &self.seeds {
            for place in places.iter().filter(|place| self.points[place.point].args.search.search.is_none()) {
                self.cells.push(Cell { part, ..self.cell(place, seed)? });
                part += 1;
            }
        }
        Ok(())
    }

    /// Whether there is one run, and there could be no more.
    fn is_lone(&self) -> bool {
        self.several.is_lone()
    }

    /// In how many parts the runs can be done apart from each other: a run that was asked for is one, and so is a search
    /// with all that follows from it.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.searches.len() + self.cells.iter().filter(|cell| cell.role == Role::Asked).count()
    }

    /// Settings of a place. `change`: what is put over its flags before defaults are filled in.
    fn settings(
        &self,
        place: &Place,
        seed: u64,
        change: impl FnOnce(&mut RunArgs) -> Result<(), Error>,
    ) -> Result<Settings, Error> {
        let mut args = self.args(place);
        args.seed = Some(seed);
        change(&mut args)?;
        let args = self.filled(args, place)?;
        let logs_by_default = args.watch.logging_steps.is_none();
        let mut settings = crate::cli::settings::settings(&args, self.embedded)?;
        if logs_by_default && !self.is_lone() {
            settings.logging.steps = LOG_SHARE;
        }
        let mut folder = PathBuf::new();
        if let Some(model) = place.model.as_deref().filter(|_| self.several.models) {
            folder.push(slug(model));
        }
        if self.several.tasks {
            folder.push(settings.task.name);
        }
        let label = &self.points[place.point].label;
        if !label.is_empty() {
            folder.push(slug(&label.replace(", ", "_").replace(' ', "-")));
        }
        if self.several.seeds {
            folder.push(format!("seed-{seed}"));
        }
        settings.places.folder = (!self.is_lone()).then_some(folder);
        Ok(settings)
    }

    /// Flags of a place, as they were given.
    fn args(&self, place: &Place) -> RunArgs {
        let mut args = self.points[place.point].args.clone();
        args.model_name_or_path = place.model.iter().cloned().collect();
        args.task_name = place.task.iter().map(|task| task.name.to_owned()).collect();
        args
    }

    /// The same with what a recipe says where no flag does.
    fn filled(&self, mut args: RunArgs, place: &Place) -> Result<RunArgs, Error> {
        if self.embedded {
            return demo::with_recipe(args);
        }
        if let Some(task) = place.task.filter(|_| self.recipe) {
            recipe::fill(&mut args, task);
        }
        Ok(args)
    }

    fn cell(&self, place: &Place, seed: u64) -> Result<Cell, Error> {
        let settings = self.settings(place, seed, |_| Ok(()))?;
        Ok(Cell::new(settings, place, Role::Asked, &self.points[place.point].label, self.several))
    }

    /// The same run with another seed.
    fn with_seed(&self, cell: &Cell, seed: u64) -> Result<Cell, Error> {
        let other = match cell.role {
            Role::Chosen { search, trial } => self.chosen_cell(search, trial, seed)?,
            Role::Asked | Role::Trial { .. } => self.cell(&cell.place, seed)?,
        };
        Ok(Cell { part: cell.part, ..other })
    }

    /// A seed that is nobody's: number `again` after those that were asked for.
    fn spare_seed(&self, again: usize) -> u64 {
        let last = self.seeds.iter().max().copied().unwrap_or_default();
        let free = |seed: &u64| self.searches.iter().all(|search| search.seed != *seed);
        (last + 1..).filter(free).nth(again).unwrap_or(last)
    }
}

/// Flags that make no sense for one run.
fn check_several(options: &GridArgs, several: Axes) -> Result<(), Error> {
    let only_several = [
        ("recipe", options.recipe.is_some()),
        ("retry_collapsed", options.retry_collapsed.is_some()),
        ("shard", options.shard.is_some()),
        ("stop_on_failure", options.stop_on_failure.is_some()),
        ("report_html", options.report_html.is_some()),
        ("workers", options.workers.is_some()),
        ("gpus", options.gpus.is_some()),
    ];
    match only_several.into_iter().find(|(_, given)| *given && several.is_lone()) {
        Some((flag, _)) => {
            Err(Error::usage(format!("--{flag} is for several runs: give several --task, --model, or --seeds")))
        }
        None => Ok(()),
    }
}
