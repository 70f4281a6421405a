namespace Orleans.Runtime;

/// <summary>As upstream: a grain or a reference to one.</summary>
public interface IAddressable;
