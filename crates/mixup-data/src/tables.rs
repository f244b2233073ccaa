//! The tabular sets: the layout of each file, and a loader by name.

use std::fs;
use std::path::PathBuf;

use crate::catalogue;
use crate::dataset::DataSet;
use crate::embedded;
use crate::error::DataError;
use crate::gzip;
use crate::layout::Layout;
use crate::library::Library;
use crate::table::Table;

/// Tab separated, CRLF line ends, no header; the last column is the target in dB.
pub const AIRFOIL: Layout = Layout {
    delimiter: b'\t',
    header: false,
    columns: &["frequency", "angle", "chord", "velocity", "thickness", "sound_pressure_level"],
    rows: 1503,
    missing: None,
    text: &[],
};

/// Tab separated with a header; the last column is the target, a logarithm.
pub const NO2: Layout = Layout {
    delimiter: b'\t',
    header: true,
    columns: &[
        "cars_per_hour",
        "temperature_at_2m",
        "wind_speed",
        "temperature_diff_2m_25m",
        "wind_direction",
        "hour_of_day",
        "day",
        "target",
    ],
    rows: 500,
    missing: None,
    text: &[],
};

/// Comma separated with a header, `?` for missing.
pub const SKILLCRAFT: Layout = Layout {
    delimiter: b',',
    header: true,
    columns: &[
        "GameID",
        "LeagueIndex",
        "Age",
        "HoursPerWeek",
        "TotalHours",
        "APM",
        "SelectByHotkeys",
        "AssignToHotkeys",
        "UniqueHotkeys",
        "MinimapAttacks",
        "MinimapRightClicks",
        "NumberOfPACs",
        "GapBetweenPACs",
        "ActionLatency",
        "ActionsInPAC",
        "TotalMapExplored",
        "WorkersMade",
        "UniqueUnitsMade",
        "ComplexUnitsMade",
        "ComplexAbilitiesUsed",
    ],
    rows: 3395,
    missing: Some("?"),
    text: &[],
};

/// Comma separated without a header, `?` for missing. Column 3 of the file, `communityname`, is text
/// and is left out: the table has 127 columns, and those after `community` stand one place earlier
/// than in the file.
pub const COMMUNITIES_CRIME: Layout = Layout {
    delimiter: b',',
    header: false,
    #[rustfmt::skip]
    columns: &[
        "state", "county", "community", "communityname", "fold", "population", "householdsize",
        "racepctblack", "racePctWhite", "racePctAsian", "racePctHisp", "agePct12t21", "agePct12t29",
        "agePct16t24", "agePct65up", "numbUrban", "pctUrban", "medIncome", "pctWWage", "pctWFarmSelf",
        "pctWInvInc", "pctWSocSec", "pctWPubAsst", "pctWRetire", "medFamInc", "perCapInc",
        "whitePerCap", "blackPerCap", "indianPerCap", "AsianPerCap", "OtherPerCap", "HispPerCap",
        "NumUnderPov", "PctPopUnderPov", "PctLess9thGrade", "PctNotHSGrad", "PctBSorMore",
        "PctUnemployed", "PctEmploy", "PctEmplManu", "PctEmplProfServ", "PctOccupManu",
        "PctOccupMgmtProf", "MalePctDivorce", "MalePctNevMarr", "FemalePctDiv", "TotalPctDiv",
        "PersPerFam", "PctFam2Par", "PctKids2Par", "PctYoungKids2Par", "PctTeen2Par",
        "PctWorkMomYoungKids", "PctWorkMom", "NumIlleg", "PctIlleg", "NumImmig", "PctImmigRecent",
        "PctImmigRec5", "PctImmigRec8", "PctImmigRec10", "PctRecentImmig", "PctRecImmig5",
        "PctRecImmig8", "PctRecImmig10", "PctSpeakEnglOnly", "PctNotSpeakEnglWell", "PctLargHouseFam",
        "PctLargHouseOccup", "PersPerOccupHous", "PersPerOwnOccHous", "PersPerRentOccHous",
        "PctPersOwnOccup", "PctPersDenseHous", "PctHousLess3BR", "MedNumBR", "HousVacant",
        "PctHousOccup", "PctHousOwnOcc", "PctVacantBoarded", "PctVacMore6Mos", "MedYrHousBuilt",
        "PctHousNoPhone", "PctWOFullPlumb", "OwnOccLowQuart", "OwnOccMedVal", "OwnOccHiQuart",
        "RentLowQ", "RentMedian", "RentHighQ", "MedRent", "MedRentPctHousInc", "MedOwnCostPctInc",
        "MedOwnCostPctIncNoMtg", "NumInShelters", "NumStreet", "PctForeignBorn", "PctBornSameState",
        "PctSameHouse85", "PctSameCity85", "PctSameState85", "LemasSwornFT", "LemasSwFTPerPop",
        "LemasSwFTFieldOps", "LemasSwFTFieldPerPop", "LemasTotalReq", "LemasTotReqPerPop",
        "PolicReqPerOffic", "PolicPerPop", "RacialMatchCommPol", "PctPolicWhite", "PctPolicBlack",
        "PctPolicHisp", "PctPolicAsian", "PctPolicMinor", "OfficAssgnDrugUnits", "NumKindsDrugsSeiz",
        "PolicAveOTWorked", "LandArea", "PopDens", "PctUsePubTrans", "PolicCars", "PolicOperBudg",
        "LemasPctPolicOnPatr", "LemasGangUnitDeploy", "LemasPctOfficDrugUn", "PolicBudgPerPop",
        "ViolentCrimesPerPop",
    ],
    rows: 1994,
    missing: Some("?"),
    text: &[3],
};

/// Comma separated without a header, one row a day.
pub const EXCHANGE_RATE: Layout = Layout {
    delimiter: b',',
    header: false,
    columns: &["australia", "britain", "canada", "switzerland", "china", "japan", "new_zealand", "singapore"],
    rows: 7588,
    missing: None,
    text: &[],
};

/// The unpacked size of the one packed table.
const EXCHANGE_RATE_BYTES: u64 = 546_336;

/// Airfoil self-noise: `[1503, 6]`, the target last.
///
/// # Errors
/// What [`Library::obtain`] and [`Layout::parse`] say; so for the other tables.
pub fn airfoil(library: &Library) -> Result<Table, DataError> {
    read(library, &catalogue::AIRFOIL, &AIRFOIL)
}

/// NO2: `[500, 8]`, the target last.
///
/// # Errors
/// As [`airfoil`].
pub fn no2(library: &Library) -> Result<Table, DataError> {
    read(library, &catalogue::NO2, &NO2)
}

/// Red wine quality: `[1599, 12]`, the target last; embedded.
///
/// # Errors
/// [`DataError::Embedded`].
pub fn wine_quality(_: &Library) -> Result<Table, DataError> {
    embedded::wine_quality()
}

/// Diabetes: `[441, 11]`, the target last; embedded.
///
/// # Errors
/// [`DataError::Embedded`].
pub fn diabetes(_: &Library) -> Result<Table, DataError> {
    embedded::diabetes()
}

/// SkillCraft: `[3395, 20]`; `LeagueIndex` is the domain; `Age`, `HoursPerWeek` and `TotalHours` have
/// missing cells.
///
/// # Errors
/// As [`airfoil`].
pub fn skillcraft(library: &Library) -> Result<Table, DataError> {
    read(library, &catalogue::SKILLCRAFT, &SKILLCRAFT)
}

/// Communities and crime: `[1994, 127]`, `state` (the domain) first, the target `ViolentCrimesPerPop`
/// last. The name of the community, which is text, is left out.
///
/// # Errors
/// As [`airfoil`].
pub fn communities_crime(library: &Library) -> Result<Table, DataError> {
    read(library, &catalogue::COMMUNITIES_CRIME, &COMMUNITIES_CRIME)
}

/// Exchange rates: `[7588, 8]`, in the order of time.
///
/// # Errors
/// As [`airfoil`].
pub fn exchange_rate(library: &Library) -> Result<Table, DataError> {
    let [(file, packed)] = contents(library, &catalogue::EXCHANGE_RATE)?;
    EXCHANGE_RATE.parse(&file, &gzip::unpack(&file, &packed, EXCHANGE_RATE_BYTES)?)
}

/// Loads a table.
type Load = fn(&Library) -> Result<Table, DataError>;

const TABLES: [(&DataSet, Load); 8] = [
    (&catalogue::AIRFOIL, airfoil),
    (&catalogue::NO2, no2),
    (&catalogue::WINE_QUALITY, wine_quality),
    (&catalogue::DIABETES, diabetes),
    (&catalogue::SKILLCRAFT, skillcraft),
    (&catalogue::COMMUNITIES_CRIME, communities_crime),
    (&catalogue::EXCHANGE_RATE, exchange_rate),
    (&catalogue::DIGITS, |_| embedded::digits()),
];

/// The table of this name.
///
/// # Errors
/// [`DataError::UnknownDataSet`], [`DataError::NotATable`], and as [`airfoil`].
pub fn load_table(library: &Library, name: &str) -> Result<Table, DataError> {
    let set = catalogue::find(name)?;
    match TABLES.iter().find(|(table, _)| table.name == set.name) {
        Some((_, load)) => load(library),
        None => {
            let known = TABLES.map(|(table, _)| table.name).join(", ");
            Err(DataError::NotATable { name: set.name, known })
        }
    }
}

fn read(library: &Library, set: &DataSet, layout: &Layout) -> Result<Table, DataError> {
    let [(file, bytes)] = contents(library, set)?;
    layout.parse(&file, &bytes)
}

/// The `N` files of a set, each with its path for messages.
pub(crate) fn contents<const N: usize>(
    library: &Library,
    set: &DataSet,
) -> Result<[(String, Vec<u8>); N], DataError> {
    let located = library.obtain(set, &|_| ())?;
    let read = |path: PathBuf| match fs::read(&path) {
        Ok(bytes) => Ok((path.display().to_string(), bytes)),
        Err(source) => Err(DataError::Read { path, source }),
    };
    let contents: Vec<_> = located.files.into_iter().map(read).collect::<Result<_, _>>()?;
    Ok(contents.try_into().expect("the loader and the catalogue agree on the number of files"))
}
