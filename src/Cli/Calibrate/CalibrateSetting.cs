using Halo.Inference.Quantization;

namespace Halo.Cli.Calibrate;

/// <summary>What to calibrate on, and what to write.</summary>
/// <param name="Text">The text.</param>
/// <param name="Output">The importance file to write.</param>
/// <param name="Tokens">Tokens to fit on, at most.</param>
/// <param name="HeldOutShare">Share of the text that is kept for the measurements; not used where there is a text for them.</param>
/// <param name="HeldOutText">A text of its own for the measurements; null keeps back a share of the other.</param>
/// <param name="HeldOutTokens">Tokens to measure on, at most.</param>
/// <param name="Seed">Which stories are taken, and in what order.</param>
/// <param name="Rank">Rank of the feed-forwards' predictors; null chooses one by the feed-forward's size.</param>
/// <param name="SurrogateRank">Rank of the stand-ins for groups; 0 makes none.</param>
/// <param name="Threads">Compute threads.</param>
internal sealed record CalibrateSetting(
    string Text,
    string Output,
    int Tokens,
    double HeldOutShare,
    string? HeldOutText,
    int HeldOutTokens,
    int Seed,
    int? Rank,
    int SurrogateRank,
    int Threads);

/// <summary>Whether the model is put in another order first.</summary>
/// <param name="Output">The model file to write.</param>
/// <param name="Type">Type to write its matrices in; null keeps each one's own.</param>
internal sealed record RegroupSetting(string Output, TensorType? Type);
