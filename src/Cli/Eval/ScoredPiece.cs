namespace Halo.Cli.Eval;

/// <summary>How a text is cut into sequences that are scored.</summary>
internal enum ScoringProtocol
{
    /// <summary>llama.cpp's: see <see cref="WindowCutter"/>.</summary>
    Windows,

    /// <summary>Each story on its own: see <see cref="StoryCutter"/>.</summary>
    Stories,
}

/// <summary>A sequence to score.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="ScoreFrom">Position of the first token whose log-probability counts; all after it count too.</param>
internal sealed record ScoredPiece(int[] Tokens, int ScoreFrom)
{
    /// <summary>Tokens that count.</summary>
    internal int ScoredCount => Tokens.Length - ScoreFrom;
}
