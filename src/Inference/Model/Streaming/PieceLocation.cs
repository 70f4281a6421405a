namespace Halo.Inference.Model.Streaming;

/// <summary>Where a piece lies on storage.</summary>
/// <param name="Path">The file, as a piece cache keeps it.</param>
/// <param name="Lease">Keeps the file there until it is disposed; null where nobody would take it away.</param>
public sealed record PieceLocation(string Path, IDisposable? Lease = null);
