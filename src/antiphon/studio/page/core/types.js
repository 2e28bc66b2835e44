// What the server says, as types; nothing runs here.

/** @typedef {{id: string, name: string, created: number, updated: number, takes: number, current: string | null}} Project */
/** @typedef {{first: number, last: number, tracks: string[] | null}} Lock bars from 1, both ends in; null: all tracks */
/** @typedef {{code: string, text?: string, values: Record<string, any>}} Phrase a sentence by its code; values are texts or phrases */
/** @typedef {Record<string, Phrase>} Phrases sentence -> what it is by code, for those that have one */
/** @typedef {{undo: string | null, redo: string | null, depth: number, position: number, phrases: Phrases}} History */
/** @typedef {{text: string, points: number}} Reason */
/**
 * @typedef {object} Verdict
 * @property {number} score 0..10, 10 without fault
 * @property {number} penalty
 * @property {number | null} log_likelihood
 * @property {number} rank
 * @property {number | null} preference 0..1, once the critic has learnt
 * @property {Reason[]} reasons
 */
/** @typedef {{name: string, asked: any, measured: any, kept: boolean, why: string}} Wish */
/** @typedef {{name: string, program: number, instrument: string, drums: boolean, notes: number}} Part */
/**
 * @typedef {object} Piece
 * @property {string} title
 * @property {number} bars
 * @property {number} seconds
 * @property {number} tempo
 * @property {string} meter
 * @property {string | null} key
 * @property {number} notes
 * @property {Part[]} tracks
 */
/** @typedef {{title: string, lines: string[], first?: number | null, last?: number | null}} ExplainedSection */
/** @typedef {{text: string[], sections: ExplainedSection[]}} Explanation */
/**
 * @typedef {object} Take
 * @property {string} id
 * @property {string} project
 * @property {string | null} parent
 * @property {string | null} job
 * @property {number} number
 * @property {string} name
 * @property {string} notes
 * @property {string} verb
 * @property {Record<string, any>} asked
 * @property {string[]} said
 * @property {Wish[]} wishes
 * @property {Verdict | null} verdict
 * @property {boolean} chosen
 * @property {number | null} seed
 * @property {string | null} model
 * @property {number} created
 * @property {boolean} removed
 * @property {Piece} piece
 * @property {{thumb: number | null, stars: number | null}} rating
 * @property {Explanation | null} explanation
 * @property {Phrases} phrases
 */
/**
 * @typedef {object} Job
 * @property {string} id
 * @property {string | null} project
 * @property {string} verb
 * @property {string | null} take
 * @property {"queued" | "running" | "done" | "failed" | "cancelled" | "interrupted"} state
 * @property {Record<string, any>} asked
 * @property {string} message
 * @property {number | null} progress
 * @property {number | null} position
 * @property {string[]} takes
 * @property {string | null} chosen
 * @property {any} result
 * @property {string | null} error
 * @property {number} created
 * @property {Phrases} phrases
 */
/**
 * @typedef {object} State
 * @property {Project} project
 * @property {Take[]} [takes]
 * @property {string | null} current
 * @property {Lock[]} locks
 * @property {History} history
 * @property {Job[]} [jobs]
 */
/** @typedef {[number, number, number, number]} Note onset, duration (ticks), pitch, velocity */
/** @typedef {{index: number, name: string, program: number, instrument: string, drums: boolean, notes: Note[]}} Track */
/**
 * @typedef {object} Score
 * @property {string} take
 * @property {number} resolution ticks a quarter note
 * @property {number} ticks
 * @property {number} seconds
 * @property {[number, number][]} bars tick and second of each bar line
 * @property {[number, number, number][]} tempos tick, quarter notes a minute, second
 * @property {[number, number, number][]} meters tick, numerator, denominator
 * @property {[number, string][]} keys
 * @property {[number, string | null][]} chords
 * @property {[number, string][]} sections
 * @property {Track[]} tracks
 */
/** @typedef {{track: number, name: string, url: string}} Stem */
/** @typedef {{take: string, key: string, state: string, seconds: number, rate: number, loudness: number, mix: string, stems: Stem[]}} Sound */
/**
 * @typedef {object} Brief
 * @property {string | null} [text]
 * @property {string | null} [style]
 * @property {number | null} [bars]
 * @property {number | null} [seconds]
 * @property {string | null} [key]
 * @property {number | null} [tempo]
 * @property {string | null} [meter]
 * @property {string | null} [chords]
 * @property {string | null} [mood]
 * @property {string | null} [tracks]
 * @property {string | null} [form]
 * @property {number[] | null} [energy]
 * @property {number | null} [takes]
 * @property {number | null} [temperature]
 * @property {number | null} [top_k]
 * @property {number | null} [repetition_penalty]
 * @property {number | null} [seed]
 */
/**
 * @typedef {object} Plan
 * @property {Brief} brief
 * @property {string[]} understood
 * @property {string[]} unclear
 * @property {number} bars
 * @property {string} meter
 * @property {number | null} tempo
 * @property {string | null} key
 * @property {{letter: string, first: number, bars: number}[]} form
 * @property {string[][] | null} chords
 * @property {number[]} energy
 * @property {string[]} decisions
 * @property {string[]} [remarks]
 * @property {string[]} [unmet] what of the wishes cannot be met, a sentence each
 * @property {Phrases} [phrases]
 * @property {string} style
 */
/** @typedef {{name: string, model: string, title: string, tracks: string[], meters: string[], max_bars: number, infills: boolean, mine: boolean}} Style */
/**
 * @typedef {object} Options
 * @property {Style[]} styles
 * @property {string[]} moods
 * @property {string[]} keys
 * @property {string[]} meters
 * @property {string[]} ensembles
 * @property {string[]} audio
 * @property {{style: string, bars: number, takes: number}} defaults
 * @property {{bars: number, takes: number, upload_bytes: number, readable: string[]}} limits
 * @property {Record<string, boolean>} verbs
 * @property {Record<string, string>} reasons
 * @property {Phrases} [phrases]
 * @property {boolean} pdf
 * @property {string[]} instruments
 */
/**
 * @typedef {object} Critic
 * @property {boolean} learned
 * @property {number} ratings
 * @property {number} needed
 * @property {number | null} accuracy
 * @property {[number, number] | null} interval
 * @property {string} sentence
 * @property {{feature: string, weight: number}[]} leans
 * @property {Phrases} phrases
 * @property {number | null} updated
 */
/**
 * @typedef {object} Selection
 * @property {number} first bar from 1
 * @property {number} last bar, inclusive
 * @property {string[] | null} tracks names; null: all
 */
/** @typedef {Record<string, any> & {op: string}} Operation */

export {};
