// Package classic forecasts a series by what was there before networks, so that
// a network has something to be held against: exponential smoothing after Holt
// and Winters, and a regression on waves of the year with autoregressive errors.
// The seasonal naive forecast is a method of series.Past.
//
// All learn from a past, a plain slice of values at equal steps in which NaN
// stands for one that is missing, and say nothing of a future they have not seen:
//
//	fit, err := classic.HoltWinters{Period: 12}.Fit(past.Column("co2"))
//	next := fit.Forecast(12)
//
// datasets, nn and all above them may import classic. It imports the standard
// library only.
package classic
