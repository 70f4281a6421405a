using System.Diagnostics;

namespace Halo.EndToEnd.Tests.Boards;

/// <summary>A streamed completion with the time of each piece.</summary>
internal sealed class TimedStream
{
    private readonly List<string> _pieces = [];
    private readonly List<TimeSpan> _gaps = []; // before each piece but the first

    /// <summary>Whether the stream came to its end without an error.</summary>
    internal bool IsWhole { get; private set; }

    /// <summary>The last event of a stream that did not.</summary>
    internal string? Fault { get; private set; }

    internal string Text => string.Concat(_pieces);

    /// <summary>The median time between two pieces.</summary>
    internal TimeSpan UsualGap => LossTimes.Percentile(_gaps, 0.5);

    internal TimeSpan LongestGap => _gaps.Max();

    /// <summary>How many pieces had come when the longest gap began.</summary>
    internal int LongestGapAfter => _gaps.IndexOf(LongestGap) + 1;

    /// <summary>When the disturbance was over; the next piece's gap begins then.</summary>
    internal DateTime DisturbedAt { get; private set; }

    /// <summary>The text of the first pieces, a token each.</summary>
    internal string Beginning(int tokens) => string.Concat(_pieces.Take(tokens));

    /// <summary>Reads a greedy completion.</summary>
    /// <param name="gateway">Whom to ask.</param>
    /// <param name="maxTokens">Tokens.</param>
    /// <param name="disturbance">What to do, once, after how many pieces.</param>
    internal static async Task<TimedStream> ReadAsync(GatewayProgram gateway, int maxTokens, (int Piece, Action Act)? disturbance = null)
    {
        TimedStream stream = new();
        long last = 0;
        string end = "";
        await foreach (string data in gateway.StreamAsync(maxTokens))
        {
            long now = Stopwatch.GetTimestamp();
            end = data;
            if (data == "[DONE]" || data.Contains("\"error\"", StringComparison.Ordinal))
            {
                continue;
            }

            if (stream._pieces.Count > 0)
            {
                stream._gaps.Add(Stopwatch.GetElapsedTime(last, now));
            }

            last = now;
            stream._pieces.Add(GatewayProgram.TextOf(data));
            if (stream._pieces.Count == disturbance?.Piece)
            {
                disturbance?.Act();
                last = Stopwatch.GetTimestamp();
                stream.DisturbedAt = DateTime.UtcNow;
            }
        }

        stream.IsWhole = end == "[DONE]";
        stream.Fault = stream.IsWhole ? null : end;
        return stream;
    }
}
