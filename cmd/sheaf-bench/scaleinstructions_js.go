package main

import "errors"

// canCountInstructions: a browser has no processes, whose instructions are counted.
func canCountInstructions() error {
	return errors.New("count instructions: not in a browser, which has no processes")
}

func instructions(scaleWork, int) (float64, error) { return 0, canCountInstructions() }
