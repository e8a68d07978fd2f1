//! Satisfiability: find an assignment that makes every clause of a random 3-SAT formula true (section 21.1).

use serde_json::Value;
use tig_protocol::rng::{Rng, UniformU32, Xoshiro256PlusPlus};

use crate::decode::Reader;
use crate::{DecodeError, GenerateError, INSTANCE_BYTES_MAX, InvalidSolution};

/// Bytes in front of the clauses: seed, number of variables, percentage, number of clauses.
const HEADER_BYTES: u64 = 32 + 8 + 4 + 8;
/// Bytes of a clause: its length and three literals.
const CLAUSE_BYTES: u64 = 8 + 3 * 4;

/// A formula in conjunctive normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The seed it was generated from.
    pub seed: [u8; 32],
    /// Variables, numbered from 1 in the clauses.
    pub num_variables: usize,
    /// Clauses per 100 variables.
    pub clauses_to_variables_percent: u32,
    /// Three literals each: a variable's number, negative if the variable is to be false. Variables may repeat.
    pub clauses: Vec<[i32; 3]>,
}

/// An assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The value of each variable.
    pub variables: Vec<bool>,
}

impl Instance {
    /// The instance of a difficulty. The percentage is reinterpreted as unsigned, as in the original.
    ///
    /// # Errors
    /// No variables to draw from, or too large an instance.
    pub fn generate(
        seed: &[u8; 32],
        num_variables: i32,
        clauses_to_variables_percent: i32,
    ) -> Result<Self, GenerateError> {
        // The exclusive upper end is computed in 32 bits, so the largest number of variables has no range either.
        let end = num_variables
            .checked_add(1)
            .and_then(|end| u32::try_from(end).ok());
        let draw_variable = end
            .and_then(|end| UniformU32::new(1..end))
            .ok_or(GenerateError::NumVariables { num_variables })?;
        let percent = clauses_to_variables_percent as u32;
        let num_clauses = (f64::from(num_variables) * f64::from(percent) / 100.0).floor() as u64;
        let num_bytes = HEADER_BYTES.saturating_add(num_clauses.saturating_mul(CLAUSE_BYTES));
        if num_bytes > INSTANCE_BYTES_MAX {
            return Err(GenerateError::TooLarge { num_bytes });
        }
        let mut rng = Xoshiro256PlusPlus::from_instance_seed(*seed);
        let mut clauses = vec![[0; 3]; num_clauses as usize];
        for literal in clauses.as_flattened_mut() {
            *literal = draw_variable.draw(&mut rng) as i32;
        }
        // All signs are drawn after all variables. A draw from 0..2 rejects nothing and is the word's top bit.
        for literal in clauses.as_flattened_mut() {
            let positive = rng.next_u32() >> 31 == 1;
            *literal = if positive { *literal } else { -*literal };
        }
        Ok(Self {
            seed: *seed,
            num_variables: num_variables as usize,
            clauses_to_variables_percent: percent,
            clauses,
        })
    }

    /// The bytes a guest is given.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.num_bytes());
        bytes.extend(self.seed);
        bytes.extend((self.num_variables as u64).to_le_bytes());
        bytes.extend(self.clauses_to_variables_percent.to_le_bytes());
        bytes.extend((self.clauses.len() as u64).to_le_bytes());
        for clause in &self.clauses {
            bytes.extend(3u64.to_le_bytes());
            bytes.extend(clause.iter().flat_map(|literal| literal.to_le_bytes()));
        }
        bytes
    }

    /// The length of [`Instance::to_bytes`].
    pub fn num_bytes(&self) -> usize {
        (HEADER_BYTES + self.clauses.len() as u64 * CLAUSE_BYTES) as usize
    }

    /// Reads what [`Instance::to_bytes`] wrote.
    ///
    /// # Errors
    /// Bytes that are too few, too many, or a clause of other than three literals.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let instance = Self {
            seed: reader.array()?,
            num_variables: reader.size("num_variables")?,
            clauses_to_variables_percent: reader.u32()?,
            clauses: (0..reader.length(CLAUSE_BYTES)?)
                .map(|_| read_clause(&mut reader))
                .collect::<Result<_, _>>()?,
        };
        reader.finish()?;
        Ok(instance)
    }

    /// Whether `solution` makes every clause true.
    ///
    /// # Errors
    /// A wrong number of variables, or the first clause that is not satisfied.
    pub fn verify(&self, solution: &Solution) -> Result<(), InvalidSolution> {
        let (expected, actual) = (self.num_variables, solution.variables.len());
        if actual != expected {
            return Err(InvalidSolution::NumVariables { expected, actual });
        }
        match self
            .clauses
            .iter()
            .position(|clause| !solution.satisfies(clause))
        {
            Some(clause) => Err(InvalidSolution::UnsatisfiedClause { clause }),
            None => Ok(()),
        }
    }
}

fn read_clause(reader: &mut Reader<'_>) -> Result<[i32; 3], DecodeError> {
    match reader.u64()? {
        3 => Ok([reader.i32()?, reader.i32()?, reader.i32()?]),
        value => Err(DecodeError::BadValue {
            field: "literals of a clause",
            value,
        }),
    }
}

impl Solution {
    /// Reads `{"variables":[..]}` with values 0, 1, false or true; other keys are ignored.
    ///
    /// # Errors
    /// A missing field, or a value of another kind.
    pub fn from_json(solution: &tig_protocol::Solution) -> Result<Self, InvalidSolution> {
        let variables = match solution.get("variables") {
            Some(Value::Array(values)) => values.iter().map(truth_value).collect(),
            _ => None,
        };
        variables
            .map(|variables| Self { variables })
            .ok_or(InvalidSolution::Malformed {
                challenge: "satisfiability",
            })
    }

    /// A literal of a variable that does not exist is false.
    fn satisfies(&self, clause: &[i32; 3]) -> bool {
        clause.iter().any(|&literal| {
            let index = (literal.unsigned_abs() as usize).wrapping_sub(1);
            self.variables.get(index) == Some(&(literal > 0))
        })
    }
}

fn truth_value(value: &Value) -> Option<bool> {
    match (value, value.as_u64()) {
        (&Value::Bool(truth), _) => Some(truth),
        (_, Some(0)) => Some(false),
        (_, Some(1)) => Some(true),
        _ => None,
    }
}
