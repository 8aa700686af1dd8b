//! Checks a data set and prints the report: `check DIR`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::args_os().nth(1).ok_or("name a data set")?;
    let report = mitsume_data::check::check(dir.as_ref(), None, &|_, _| ())?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}
