//! What file names say: natural order, the array's name, the number of the batch.
