module github.com/outpace-run/outpace

go 1.26
