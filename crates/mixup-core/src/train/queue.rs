//! The last embeddings that training has seen.

use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param,
    ParamId,
};
use burn::tensor::{Device, Int, Tensor};

use crate::CoreError;

/// A first-in, first-out queue of rows, as contrastive methods keep it of embeddings: a ring of fixed size
/// in which new rows take the place of the oldest. Its rows have no gradients.
///
/// A module by hand, so that its place in the ring is a plain number, which costs a step no look at the
/// device, and is in a checkpoint all the same.
#[derive(Debug, Clone)]
pub struct Queue {
    /// `[capacity, width]`
    rows: Tensor<2>,
    /// Where the next row goes.
    next: usize,
    /// Rows that are in use.
    filled: usize,
    ids: [ParamId; 2],
}

impl Queue {
    /// An empty queue of `capacity` rows of `width` numbers.
    ///
    /// # Errors
    /// A capacity or a width of 0.
    pub fn new(capacity: usize, width: usize, device: &Device) -> Result<Self, CoreError> {
        if capacity == 0 || width == 0 {
            return Err(CoreError::Invalid(format!("a queue of {capacity} rows of {width} numbers")));
        }
        let rows = Tensor::zeros([capacity, width], device).inner();
        Ok(Self { rows, next: 0, filled: 0, ids: [ParamId::new(), ParamId::new()] })
    }

    /// Rows that it can hold.
    pub fn capacity(&self) -> usize {
        self.rows.dims()[0]
    }

    /// Rows that it holds.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The rows that it holds, `[len, width]`, none where it is empty. Their order is that of the ring: two
    /// queues of one capacity that were pushed to alike agree in it.
    pub fn rows(&self) -> Option<Tensor<2>> {
        match self.filled {
            0 => None,
            filled if filled == self.capacity() => Some(self.rows.clone()),
            filled => Some(self.rows.clone().narrow(0, 0, filled)),
        }
    }

    /// Adds rows, the first of them first; of more than the capacity, the last ones.
    ///
    /// # Shapes
    /// - `rows`: `[count, width]`; gradients do not flow back to them
    ///
    /// # Errors
    /// Another width.
    pub fn push(&mut self, rows: Tensor<2>) -> Result<(), CoreError> {
        let ([count, width], [capacity, expected]) = (rows.dims(), self.rows.dims());
        if width != expected {
            return Err(CoreError::Invalid(format!("rows of {width} numbers for a queue of {expected}")));
        }
        let rows = rows.inner();
        let kept = count.min(capacity);
        let mut from = count - kept;
        while from < count {
            let length = (count - from).min(capacity - self.next);
            self.replace(rows.clone().narrow(0, from, length), length);
            from += length;
        }
        self.filled = (self.filled + kept).min(capacity);
        Ok(())
    }

    fn replace(&mut self, rows: Tensor<2>, length: usize) {
        let [capacity, width] = self.rows.dims();
        // Moved out, so that the ring is changed where it lies and not copied.
        let ring = std::mem::replace(&mut self.rows, Tensor::zeros([1, 1], &rows.device()));
        self.rows = ring.slice_assign([self.next..self.next + length, 0..width], rows);
        self.next = (self.next + length) % capacity;
    }

    fn moved(self, to: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Self {
        Self { rows: to(self.rows), ..self }
    }
}

const ROWS: &str = "rows";
/// `[next, filled]`
const PLACE: &str = "place";
const CONTAINER: &str = "Struct:Queue";

impl Module for Queue {
    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        visitor.enter_module(ROWS, CONTAINER);
        visitor.visit_float(&Param::initialized(self.ids[0], self.rows.clone()));
        visitor.exit_module(ROWS, CONTAINER);
        visitor.enter_module(PLACE, CONTAINER);
        visitor.visit_int(&self.place());
        visitor.exit_module(PLACE, CONTAINER);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        mapper.enter_module(ROWS, CONTAINER);
        let rows = mapper.map_float(Param::initialized(self.ids[0], self.rows.clone()));
        mapper.exit_module(ROWS, CONTAINER);
        mapper.enter_module(PLACE, CONTAINER);
        let place = mapper.map_int(self.place());
        mapper.exit_module(PLACE, CONTAINER);
        let ids = [rows.id, place.id];
        let rows = rows.into_value().inner();
        let capacity = rows.dims()[0];
        let [next, filled] = match place.into_value().try_into_vec_as::<i64>().as_deref() {
            Ok(&[next, filled]) => [next as usize, filled as usize],
            _ => [self.next, self.filled],
        };
        Self { rows, next: next % capacity, filled: filled.min(capacity), ids }
    }

    fn collect_devices(&self, devices: Devices) -> Devices {
        self.rows.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.moved(|rows| rows.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.moved(|rows| rows.to_device(device))
    }

    fn materialize(self) -> Self {
        self
    }

    fn valid(&self) -> Self {
        self.clone()
    }

    fn train(self) -> Self {
        self
    }
}

impl Queue {
    fn place(&self) -> Param<Tensor<1, Int>> {
        let place = [self.next as i64, self.filled as i64];
        Param::initialized(self.ids[1], Tensor::from_data(place, &self.rows.device()))
    }
}

impl ModuleDisplayDefault for Queue {
    fn content(&self, content: Content) -> Option<Content> {
        content.add("capacity", &self.capacity()).add("rows", &self.rows).optional()
    }
}

impl ModuleDisplay for Queue {}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: std::ops::Range<usize>) -> Tensor<2> {
        let values: Vec<f32> = values.map(|value| value as f32).collect();
        Tensor::<1>::from_floats(values.as_slice(), &Device::flex()).unsqueeze_dim(1)
    }

    fn queue(capacity: usize) -> Queue {
        Queue::new(capacity, 1, &Device::flex()).unwrap()
    }

    fn sorted(queue: &Queue) -> Vec<f32> {
        let mut rows: Vec<f32> = queue.rows().unwrap().into_data().try_to_vec().unwrap();
        rows.sort_by(f32::total_cmp);
        rows
    }

    #[test]
    fn new_rows_take_the_place_of_the_oldest() {
        for batch in 1..=4 {
            let mut queue = queue(7);
            assert!(queue.is_empty() && queue.rows().is_none());
            for start in (0..40).step_by(batch) {
                queue.push(column(start..start + batch)).unwrap();
                let pushed = start + batch;
                let expected: Vec<f32> =
                    (pushed.saturating_sub(7)..pushed).map(|value| value as f32).collect();
                assert_eq!(sorted(&queue), expected);
                assert_eq!(queue.len(), expected.len());
            }
        }
    }

    #[test]
    fn of_more_than_it_holds_the_last_are_kept() {
        let mut queue = queue(3);
        queue.push(column(0..2)).unwrap();
        queue.push(column(2..12)).unwrap();
        assert_eq!(sorted(&queue), [9.0, 10.0, 11.0]);
        queue.push(column(12..13)).unwrap();
        assert_eq!(sorted(&queue), [10.0, 11.0, 12.0]);
    }

    #[test]
    fn a_record_holds_rows_and_place() {
        let mut before = queue(5);
        before.push(column(0..8)).unwrap();
        let mut after = queue(5).load_record(before.clone().into_record());
        for queue in [&mut before, &mut after] {
            queue.push(column(8..10)).unwrap();
        }
        assert_eq!(sorted(&after), [5.0, 6.0, 7.0, 8.0, 9.0]);
        let bits = |queue: &Queue| queue.rows().unwrap().into_data().try_to_vec::<f32>().unwrap();
        assert_eq!(bits(&after), bits(&before));
    }

    #[test]
    fn gradients_end_at_the_queue() {
        let tracked = column(0..2).autodiff().require_grad();
        let mut queue = queue(4);
        queue.push(tracked * 2.0).unwrap();
        assert!(!queue.rows().unwrap().is_autodiff());
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(Queue::new(0, 1, &Device::flex()).is_err());
        let error = queue(4).push(Tensor::zeros([2, 3], &Device::flex())).unwrap_err().to_string();
        assert!(error.contains('3') && error.contains('1'), "{error}");
    }
}
