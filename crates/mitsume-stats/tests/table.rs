//! Reading tables of epochs.

use mitsume_stats::{EpochRecord, read_epochs};

fn read(text: &str) -> Result<Vec<EpochRecord>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("epochs.csv");
    std::fs::write(&path, text).unwrap();
    read_epochs(&path).map_err(|error| {
        let message = error.to_string();
        assert!(message.contains("epochs.csv"), "names the file: {message}");
        message
    })
}

#[test]
fn columns_are_found_by_name_and_others_ignored() {
    let text = "accuracy,kappa,epoch,lambda_max,model,run,dataset,seed,consistency\n\
                93.1,0.91,7,-100.0,level2,a,brain,42,0.0014\n\
                50.0,,8,50,level2,\"b, c\",brain,,\n";
    let first = EpochRecord {
        dataset: "brain".to_owned(),
        run: "a".to_owned(),
        seed: Some("42".to_owned()),
        model: "level2".to_owned(),
        equivalent_models: Vec::new(),
        lambda: Some(-100.0),
        epoch: 7,
        kappa: Some(0.91),
        consistency: Some(0.0014),
    };
    let second = EpochRecord {
        run: "b, c".to_owned(),
        seed: None,
        lambda: Some(50.0),
        epoch: 8,
        kappa: None,
        consistency: None,
        ..first.clone()
    };
    assert_eq!(read(text).unwrap(), [first, second]);
}

#[test]
fn seed_lambda_and_consistency_may_be_missing() {
    let records = read("dataset,run,model,epoch,kappa\nd,r,m,1,0.5\n").unwrap();
    let record = &records[0];
    assert_eq!(
        (&record.seed, record.lambda, record.consistency),
        (&None, None, None)
    );
}

#[test]
fn a_missing_or_duplicate_column_is_named() {
    let error = read("dataset,run,model,epoch\nd,r,m,1\n").unwrap_err();
    assert!(
        error.contains("\"kappa\"") && error.contains("epoch"),
        "{error}"
    );
    let error = read("dataset,run,model,epoch,kappa,seed,seed\n").unwrap_err();
    assert!(error.contains("\"seed\""), "{error}");
    assert!(read("").is_err());
}

#[test]
fn a_bad_field_is_named_with_its_line() {
    for (row, says) in [
        ("d,r,m,one,0.5,0.1", "line 3: epoch is \"one\""),
        ("d,r,m,-1,0.5,0.1", "line 3: epoch"),
        (
            "d,r,m,1,93.5,0.1",
            "line 3: kappa is \"93.5\"; a number from -1 to 1",
        ),
        ("d,r,m,1,NaN,0.1", "line 3: kappa"),
        ("d,r,m,1,0.5,inf", "line 3: consistency"),
        ("d,r,m,1,0.5,-0.1", "line 3: consistency"),
    ] {
        let text = format!("dataset,run,model,epoch,kappa,consistency\nd,r,m,9,0,0\n{row}\n");
        let error = read(&text).unwrap_err();
        assert!(error.contains(says), "{error}");
    }
    let error = read("dataset,run,model,epoch,kappa\nd,r,m,1,0.5,extra\n").unwrap_err();
    assert!(
        error.contains("line 2") || error.contains("line: 2"),
        "{error}"
    );
}

#[test]
fn a_missing_file_is_named() {
    let error = read_epochs("no/such/epochs.csv".as_ref())
        .unwrap_err()
        .to_string();
    assert!(error.contains("no/such/epochs.csv"), "{error}");
}
