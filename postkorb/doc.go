// Package postkorb keeps everything that is said between a citizen and the
// administration about one concern, with a record of who did what and when.
package postkorb
