namespace Halo.Boards.Weights;

/// <summary>Where a board keeps pieces of models, and how many.</summary>
public sealed record PieceCacheOptions
{
    /// <summary>The folder; it is made where it is missing. Several processes may share it.</summary>
    public required string Root { get; init; }

    /// <summary>
    /// Bytes that all files of the cache together may have; where it is left out, 90 % of what the volume has free and the cache has already.
    /// The volume's free bytes are a bound in any case.
    /// </summary>
    public long? MaxBytes { get; init; }

    /// <summary>The clock that says when a piece was last used.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Told of every damaged piece that was deleted, with a message that names it. May be called on any thread.</summary>
    public Action<string>? Damaged { get; init; }

    /// <summary>Free bytes of the volume that a folder is on.</summary>
    internal Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;
}
