//! HTML pages, exported figures, and verbosity.

use crate::support::{Sandbox, files_below, text, train_args};

fn trained() -> Sandbox {
    Sandbox::trained("level1", 2, "")
}

fn stderr(sandbox: &Sandbox, args: &[&str]) -> String {
    text(&sandbox.succeeds(args).stderr)
}

/// File names in and below a folder.
fn file_names(sandbox: &Sandbox, dir: &str) -> Vec<String> {
    let files = files_below(&sandbox.path(dir)).into_iter();
    files
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn pages_say_what_a_flag_contradicted() {
    let sandbox = trained();
    let looks = [
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--image-size",
        "64",
        "--out",
    ];
    sandbox.succeeds(&[&["eval"], &looks[..], &["looked"]].concat());
    for (language, name, short) in [
        (
            "en",
            "not as it was trained",
            "image_size 64 (trained with 32)",
        ),
        ("ja", "学習時と異なる設定", "image_size 64"),
    ] {
        stderr(&sandbox, &["report", "looked", "--lang", language]);
        let page = text(&sandbox.read("looked/report.html"));
        let fact = page.split(name).nth(1).unwrap_or_default();
        let value = fact.split("</dd>").next().unwrap();
        assert!(value.contains(short), "{language}: {value}");
    }
    let trust = [
        &["trust", "--images", "8", "--stages", "1"],
        &looks[..],
        &["trusted"],
    ]
    .concat();
    sandbox.succeeds(&trust);
    let page = text(&sandbox.read("trusted/trust.html"));
    assert!(page.contains("image_size 64 (trained with 32)"));
    sandbox.succeeds(&["report", "run"]);
    assert!(!text(&sandbox.read("run/report.html")).contains("not as it was trained"));
}

#[test]
fn analyze_and_trust_write_figures_and_tables_as_report_does() {
    let sandbox = trained();
    let said = stderr(&sandbox, &["analyze", ".", "--figures", "of analysis"]);
    assert!(
        said.contains("files of figures and tables in of analysis"),
        "{said}"
    );
    let trust = [
        "trust",
        "--run",
        "run",
        "--data",
        "data/Testing",
        "--images",
        "8",
        "--stages",
        "1",
        "--out",
        "trusted",
        "--figures",
        "of-trust",
    ];
    sandbox.succeeds(&trust);
    for dir in ["of analysis", "of-trust"] {
        let names = file_names(&sandbox, dir);
        for extension in [".svg", ".png", ".csv", ".tex"] {
            assert!(
                names.iter().any(|name| name.ends_with(extension)),
                "{dir}: {names:?}"
            );
        }
    }
    // Without --out nothing else is written.
    assert!(!sandbox.path("analysis.json").exists() && !sandbox.path("report.html").exists());
}

#[test]
fn the_page_of_explained_images_saves_its_table_as_the_others_do() {
    let sandbox = trained();
    sandbox.succeeds(&[
        "explain",
        "--run",
        "run",
        "data/Testing",
        "--out",
        "explained",
    ]);
    sandbox.succeeds(&["report", "run"]);
    // The words of the buttons and the script that makes them, which are the same on every page.
    let parts = |path: &str| {
        let page = text(&sandbox.read(path));
        let between = |from: &str, to: &str| {
            let rest = page.split(from).nth(1);
            let part = rest.unwrap_or_else(|| panic!("{path} has no {from}"));
            part.split(to).next().unwrap().to_owned()
        };
        let script = between("<script>", "</script>");
        assert!(
            script.contains("getElementById(\"export-words\")"),
            "{path}"
        );
        assert!(page.contains("script-src 'unsafe-inline'"), "{path}");
        between("<template id=\"export-words\"", "</template>")
    };
    assert_eq!(parts("explained/explained.html"), parts("run/report.html"));
}

#[test]
fn verbose_says_what_was_settled_on_and_quiet_nothing() {
    let sandbox = Sandbox::new();
    sandbox.configure("level1", "");
    let train = train_args("run", &["--set", "train.epochs=1"]);
    let said = stderr(&sandbox, &[&train[..], &["-v", "--threads", "2"]].concat());
    for words in [
        "computing on cpu (",
        "), 2 threads",
        "the run, with every default:\n[data]\n",
        "\nepochs = 1\n",
        "\nt0 = 2\n",
    ] {
        assert!(said.contains(words), "no \"{words}\" in {said}");
    }
    let eval = ["eval", "--run", "run", "--data", "data/Testing"];
    let said = stderr(&sandbox, &[&eval[..], &["-v"]].concat());
    for words in [
        "model: level1 (run/weights.safetensors), hooked at ",
        "its images: channels 1, image_size 32, crop –, interpolation bilinear, mean 0.5, std 0.5\n",
        "its classes: glioma, meningioma, notumor, pituitary\n",
        "in all: ",
    ] {
        assert!(said.contains(words), "no \"{words}\" in {said}");
    }
    assert!(!stderr(&sandbox, &eval).contains("its images"));
    assert_eq!(stderr(&sandbox, &[&eval[..], &["-q"]].concat()), "");
}
