"""배정 기준과 결과: the rules, the commitment, the hashes and the files, for anyone."""
