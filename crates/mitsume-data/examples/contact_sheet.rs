//! Draws phantoms side by side, one row per class, to look at: `contact_sheet OUT.png [SIZE]
//! [COLUMNS] [SEED]`.

use mitsume_data::phantom::{PhantomClass, draw};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().ok_or("name the PNG to write")?;
    let mut number = |default: u32| arguments.next().map_or(Ok(default), |a| a.parse());
    let (size, columns, seed) = (number(128)?, number(8)?, number(0)?);
    let mut sheet = image::GrayImage::new(columns * size, 8 * size);
    for (row, class) in (0..).zip(PhantomClass::ALL) {
        for column in 0..columns {
            let phantom = draw(class, size as usize, seed.into(), column.into());
            for (half, pixels) in [phantom.image, phantom.mask].into_iter().enumerate() {
                let tile = image::GrayImage::from_raw(size, size, pixels).ok_or("tile size")?;
                let top = (2 * row + half as u32) * size;
                image::imageops::replace(&mut sheet, &tile, (column * size).into(), top.into());
            }
        }
    }
    sheet.save(out)?;
    Ok(())
}
