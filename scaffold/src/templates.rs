//! The templates: which files each [`Kind`] has.

/// A path from the crate's folder, and what the file is made of.
pub(crate) type TemplateFile = (&'static str, &'static str);

/// A kind of plugin that there is a template for.
#[derive(Debug)]
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// What such a plugin does, in a few words.
    pub about: &'static str,
    /// Its own files.
    pub(crate) files: &'static [TemplateFile],
    /// What `tig-host dev` runs beside the plugin.
    pub(crate) world: &'static str,
}

/// File of [`Kind::world`].
pub(crate) const WORLD: &str = "dev.json";

/// A network, a slave, and a host with all stock extensions and the plugin.
const STOCK_WORLD: &str = include_str!("../templates/common/dev.json");

/// The page of a plugin, to which [`README_OF_ALL`] is added.
pub(crate) const README: &str = "README.md";

/// What each plugin's page ends with.
pub(crate) const README_OF_ALL: &str = include_str!("../templates/common/README.md");

/// Files that every kind has.
pub(crate) const COMMON: &[TemplateFile] = &[
    (
        "Cargo.toml",
        include_str!("../templates/common/Cargo.toml.in"),
    ),
    (".gitignore", include_str!("../templates/common/gitignore")),
];

/// The files that each kind has of its own, and more.
macro_rules! files {
    ($folder:literal $(, $more:literal)*) => {
        &[
            ("src/lib.rs", include_str!(concat!("../templates/", $folder, "/src/lib.rs"))),
            ("src/tests.rs", include_str!(concat!("../templates/", $folder, "/src/tests.rs"))),
            ("config.section.json", include_str!(concat!("../templates/", $folder, "/config.section.json"))),
            ("README.md", include_str!(concat!("../templates/", $folder, "/README.md"))),
            $(($more, include_str!(concat!("../templates/", $folder, "/", $more))),)*
        ]
    };
}

/// Every kind; the first one is taken where none is named.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "empty",
        about: "logs blocks, with one handler and one config key",
        files: files!("empty"),
        world: STOCK_WORLD,
    },
    Kind {
        name: "observer",
        about: "counts blocks, with a metric, a condition and a panel",
        files: files!("observer"),
        world: STOCK_WORLD,
    },
    Kind {
        name: "sampler",
        about: "proposes difficulties, in place of `difficulty_sampler`",
        files: files!("sampler", "src/region.rs"),
        world: include_str!("../templates/sampler/dev.json"),
    },
    Kind {
        name: "selector",
        about: "weighs challenges for `precommit_manager`",
        files: files!("selector", "src/events.rs"),
        world: STOCK_WORLD,
    },
    Kind {
        name: "scorer",
        about: "scores the jobs of a ComputeHorde batch, in place of `horde_score`",
        files: files!("scorer", "src/events.rs"),
        world: include_str!("../templates/scorer/dev.json"),
    },
    Kind {
        name: "job-kind",
        about: "makes jobs of ComputeHorde and checks their answers",
        files: files!("job-kind", "src/events.rs"),
        world: include_str!("../templates/job-kind/dev.json"),
    },
];
