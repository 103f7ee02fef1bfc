/** The command `likeness`. */
console.log('likeness');
